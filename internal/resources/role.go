// SPDX-License-Identifier: Apache-2.0

package resources

import (
	rbacv1 "k8s.io/api/rbac/v1"
	rbacv1ac "k8s.io/client-go/applyconfigurations/rbac/v1"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

// MeasureName is the name of the Role and RoleBinding of a contract's workers.
func MeasureName(contract string) string { return contract + "-" + string(Measure) }

// MeasureRole is all that the two workers may do in the cluster: read the measurement of their own contract and patch its status.
func MeasureRole(owner Owner) *rbacv1ac.RoleApplyConfiguration {
	return rbacv1ac.Role(MeasureName(owner.Name), owner.Namespace).
		WithLabels(labels(owner.Name, Measure)).
		WithOwnerReferences(owner.controller()).
		WithRules(
			measurementRule(owner, "slameasurements", "get"),
			measurementRule(owner, "slameasurements/status", "get", "patch"),
		)
}

func measurementRule(owner Owner, what string, verbs ...string) *rbacv1ac.PolicyRuleApplyConfiguration {
	return rbacv1ac.PolicyRule().
		WithAPIGroups(slav1alpha1.GroupVersion.Group).WithResources(what).WithResourceNames(owner.Name).WithVerbs(verbs...)
}

// MeasureRoleBinding gives it to both worker accounts.
func MeasureRoleBinding(owner Owner) *rbacv1ac.RoleBindingApplyConfiguration {
	return rbacv1ac.RoleBinding(MeasureName(owner.Name), owner.Namespace).
		WithLabels(labels(owner.Name, Measure)).
		WithOwnerReferences(owner.controller()).
		WithRoleRef(roleRef(MeasureName(owner.Name))).
		WithSubjects(account(owner.Namespace, WorkerName(owner.Name, Scoring)), account(owner.Namespace, WorkerName(owner.Name, Routing)))
}

func roleRef(name string) *rbacv1ac.RoleRefApplyConfiguration {
	return rbacv1ac.RoleRef().WithAPIGroup(rbacv1.GroupName).WithKind("Role").WithName(name)
}

func account(namespace, name string) *rbacv1ac.SubjectApplyConfiguration {
	return rbacv1ac.Subject().WithKind(rbacv1.ServiceAccountKind).WithNamespace(namespace).WithName(name)
}
