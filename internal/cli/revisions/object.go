// SPDX-License-Identifier: Apache-2.0

// Package revisions lists, exports and imports the ratified texts of an object: the ControllerRevisions that the operator keeps.
package revisions

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/ratify"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/resources"
	"github.com/handoff-sla/handoff/internal/sla"
)

// kind of object that has revisions.
type kind struct {
	name      string
	label     string
	component resources.Component
	infix     string // between the object's name and the digest in a revision's name
	empty     func() client.Object
	digest    func(data []byte) (digest string, effectiveFrom time.Time, err error)
	alone     bool // whether the object alone manages its revisions
}

var kinds = []*kind{
	{
		name: "LeadDefinition", label: resources.DefinitionLabel, component: resources.Glossary, digest: digestDefinition,
		empty: func() client.Object { return &slav1alpha1.LeadDefinition{} },
	},
	{
		name: "SLAContract", label: resources.ContractLabel, component: resources.Terms, digest: digestTerms, infix: "-" + string(resources.Terms),
		empty: func() client.Object { return &slav1alpha1.SLAContract{} }, alone: true,
	},
}

// names that people give a kind, as kubectl takes them.
var names = map[string]*kind{
	"leaddefinition": kinds[0], "leaddefinitions": kinds[0], "leaddef": kinds[0],
	"slacontract": kinds[1], "slacontracts": kinds[1], "slac": kinds[1],
}

func digestDefinition(data []byte) (string, time.Time, error) {
	var spec slav1alpha1.LeadDefinitionSpec
	if err := json.Unmarshal(data, &spec); err != nil {
		return "", time.Time{}, err
	}
	d, err := convert.Definition(spec)
	if err != nil {
		return "", time.Time{}, err
	}
	digest, err := sla.DigestDefinition(d)
	return digest, d.EffectiveFrom, err
}

func digestTerms(data []byte) (string, time.Time, error) {
	var spec slav1alpha1.SLAContractSpec
	if err := json.Unmarshal(data, &spec); err != nil {
		return "", time.Time{}, err
	}
	t, err := convert.Terms(spec)
	if err != nil {
		return "", time.Time{}, err
	}
	digest, err := sla.DigestTerms(t)
	return digest, t.EffectiveFrom, err
}

// Client of a cluster that knows the kinds that are read and written here.
func Client(config *rest.Config) (client.Client, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(appsv1.AddToScheme(scheme), slav1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	return client.New(config, client.Options{Scheme: scheme})
}

// Object is one that has revisions, with them.
type Object struct {
	kind      *kind
	key       client.ObjectKey
	live      client.Object
	revisions []ratify.Revision
}

// Find an object of the cluster by KIND/NAME, as kubectl takes them.
func Find(ctx context.Context, c client.Reader, name, namespace string) (*Object, error) {
	of, object, err := named(name)
	if err != nil {
		return nil, err
	}
	return find(ctx, c, of, client.ObjectKey{Namespace: namespace, Name: object})
}

// CheckName says what is wrong with KIND/NAME, without a cluster.
func CheckName(name string) error {
	_, _, err := named(name)
	return err
}

func named(name string) (of *kind, object string, err error) {
	kindName, object, ok := strings.Cut(name, "/")
	of = names[strings.ToLower(kindName)]
	if !ok || of == nil || object == "" {
		return nil, "", fmt.Errorf("%q is no object with revisions: name it leaddefinition/NAME or slacontract/NAME", name)
	}
	return of, object, nil
}

func find(ctx context.Context, c client.Reader, of *kind, key client.ObjectKey) (*Object, error) {
	o := &Object{kind: of, key: key, live: of.empty()}
	if err := c.Get(ctx, key, o.live); err != nil {
		if apierrors.IsNotFound(err) {
			return nil, fmt.Errorf("%s %s does not exist in the cluster: apply its manifest first, the revisions belong to it", of.name, key)
		}
		return nil, err
	}
	var err error
	o.revisions, err = ratify.List(ctx, c, o.series())
	return o, err
}

func (o *Object) series() ratify.Series {
	return ratify.Series{Namespace: o.key.Namespace, Label: o.kind.label, Object: o.key.Name, Component: o.kind.component}
}

// String is the object's kind and name.
func (o *Object) String() string { return o.kind.name + " " + o.key.String() }
