// SPDX-License-Identifier: Apache-2.0

package resources

import (
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	rbacv1ac "k8s.io/client-go/applyconfigurations/rbac/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

// ReviewAccountName is the name of the account, Role and RoleBinding of a cadence's jobs.
func ReviewAccountName(cadence string) string { return cadence + "-" + string(Review) }

func reviewLabels(owner Owner, contract string) map[string]string {
	return with(labels(contract, Review), CadenceLabel, owner.Name)
}

// ReviewAccount is the account of a cadence's jobs.
func ReviewAccount(owner Owner, contract string) *corev1ac.ServiceAccountApplyConfiguration {
	return corev1ac.ServiceAccount(ReviewAccountName(owner.Name), owner.Namespace).
		WithLabels(reviewLabels(owner, contract)).
		WithOwnerReferences(owner.controller()).
		WithAutomountServiceAccountToken(false)
}

// ReviewRole lets the jobs find out which periods are reported, write reports, and read their own cadence, which owns the reports, its contract and
// the definition of that: what was signed, waived, planned and disputed, and the text that the proposal for the next quarter is made from. The names
// of new ConfigMaps cannot be limited by RBAC; the jobs may neither change nor delete one.
func ReviewRole(owner Owner, contract, definition string) *rbacv1ac.RoleApplyConfiguration {
	return rbacv1ac.Role(ReviewAccountName(owner.Name), owner.Namespace).
		WithLabels(reviewLabels(owner, contract)).
		WithOwnerReferences(owner.controller()).
		WithRules(
			rbacv1ac.PolicyRule().WithAPIGroups("").WithResources("configmaps").WithVerbs("create", "get"),
			readable("reviewcadences", owner.Name), readable("slacontracts", contract), readable("leaddefinitions", definition),
		)
}

// readable is one object of ours, by its name.
func readable(what, name string) *rbacv1ac.PolicyRuleApplyConfiguration {
	return rbacv1ac.PolicyRule().WithAPIGroups(slav1alpha1.GroupVersion.Group).WithResources(what).WithResourceNames(name).WithVerbs("get")
}

// ReviewRoleBinding gives it to the jobs' account.
func ReviewRoleBinding(owner Owner, contract string) *rbacv1ac.RoleBindingApplyConfiguration {
	name := ReviewAccountName(owner.Name)
	return rbacv1ac.RoleBinding(name, owner.Namespace).
		WithLabels(reviewLabels(owner, contract)).
		WithOwnerReferences(owner.controller()).
		WithRoleRef(roleRef(name)).
		WithSubjects(account(owner.Namespace, name))
}
