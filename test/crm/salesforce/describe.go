// SPDX-License-Identifier: Apache-2.0

package salesforce

import (
	"net/http"
	"slices"
)

func (c *call) describeAll() answer {
	list := make([]map[string]any, 0, len(c.org.objects))
	for _, o := range c.org.objects {
		list = append(list, about(o, c.version))
	}
	return answer{status: http.StatusOK, body: map[string]any{"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": list}}
}

func (c *call) basics(t *table) answer {
	return answer{status: http.StatusOK, body: map[string]any{"objectDescribe": about(t.object, c.version), "recentItems": []any{}}}
}

// about is what the list of objects says of one.
func about(o *object, version string) map[string]any {
	at := "/services/data/" + version + "/sobjects/" + o.name
	return map[string]any{
		"name": o.name, "label": o.label, "labelPlural": o.label + "s", "keyPrefix": o.prefix, "custom": false, "activateable": false, "createable": !o.readOnly,
		"updateable": !o.readOnly, "deletable": !o.readOnly, "undeletable": !o.readOnly, "queryable": true, "retrieveable": true, "searchable": !o.readOnly,
		"replicateable": true, "triggerable": !o.readOnly, "mergeable": o.name == "Lead", "layoutable": !o.readOnly, "feedEnabled": false, "customSetting": false,
		"deprecatedAndHidden": false, "hasSubtypes": false, "isSubtype": false, "mruEnabled": !o.readOnly,
		"urls": map[string]string{"sobject": at, "describe": at + "/describe", "rowTemplate": at + "/{ID}"},
	}
}

func describe(o *object, version string) map[string]any {
	out := about(o, version)
	fields := make([]map[string]any, 0, len(o.fields))
	for _, f := range o.fields {
		fields = append(fields, f.describe())
	}
	out["fields"], out["childRelationships"], out["recordTypeInfos"] = fields, []any{}, []any{}
	return out
}

func (f *Field) describe() map[string]any {
	picks := make([]map[string]any, 0, len(f.Options))
	for _, option := range f.Options {
		picks = append(picks, map[string]any{"active": true, "defaultValue": option == f.Default, "label": option, "validFor": nil, "value": option})
	}
	digits, precision, scale := 0, 0, 0
	switch f.Type {
	case typeInt:
		digits = 8
	case typeDouble, typeCurrency:
		precision, scale = 18, 2
	}
	var relationship any
	if f.Relationship != "" {
		relationship = f.Relationship
	}
	refers := f.RefersTo
	if refers == nil {
		refers = []string{}
	}
	return map[string]any{
		"name": f.Name, "label": f.Label, "type": f.Type, "length": f.length(), "byteLength": f.length() * 3, "digits": digits, "precision": precision, "scale": scale,
		"nillable": f.nillable(), "createable": !f.ReadOnly, "updateable": !f.ReadOnly && !f.CreateOnly,
		"defaultedOnCreate": f.Default != nil || f.Type == typeBoolean || f.ReadOnly && !f.nillable(), "defaultValue": nil,
		"custom": f.custom(), "unique": f.External, "externalId": f.External, "idLookup": f.External || f.Type == typeID, "caseSensitive": false,
		"restrictedPicklist": f.Restricted, "picklistValues": picks, "referenceTo": refers, "relationshipName": relationship,
		"polymorphicForeignKey": len(f.RefersTo) > 1, "calculated": false, "autoNumber": false, "filterable": !f.NoFilter, "sortable": !f.NoSort,
		"groupable": !f.NoFilter && !slices.Contains([]string{typeDateTime, typeDouble, typeCurrency}, f.Type), "aggregatable": !f.NoFilter,
		"nameField": f.Name == "Name", "namePointing": len(f.RefersTo) > 1, "permissionable": true, "deprecatedAndHidden": false, "encrypted": false,
		"htmlFormatted": false, "dependentPicklist": false, "soapType": soapTypes[f.Type], "inlineHelpText": nil,
	}
}

var soapTypes = map[string]string{
	typeID: "tns:ID", typeReference: "tns:ID", typeInt: "xsd:int", typeDouble: "xsd:double", typeCurrency: "xsd:double", typeBoolean: "xsd:boolean",
	typeDateTime: "xsd:dateTime", typeDate: "xsd:date", typeAny: "xsd:anyType", typeString: "xsd:string", typeTextarea: "xsd:string", typePhone: "xsd:string",
	typeEmail: "xsd:string", typeURL: "xsd:string", typePicklist: "xsd:string", typePicklists: "xsd:string",
}
