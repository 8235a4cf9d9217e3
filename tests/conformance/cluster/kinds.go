package main

import (
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/rest"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
	"k8s.io/kubernetes/pkg/registry/batch/cronjob"
	"k8s.io/kubernetes/pkg/registry/batch/job"
	"k8s.io/kubernetes/pkg/registry/core/configmap"
	"k8s.io/kubernetes/pkg/registry/core/limitrange"
	"k8s.io/kubernetes/pkg/registry/core/namespace"
	"k8s.io/kubernetes/pkg/registry/core/persistentvolumeclaim"
	"k8s.io/kubernetes/pkg/registry/core/pod"
	"k8s.io/kubernetes/pkg/registry/core/resourcequota"
	"k8s.io/kubernetes/pkg/registry/core/secret"
	"k8s.io/kubernetes/pkg/registry/core/service"
	"k8s.io/kubernetes/pkg/registry/core/serviceaccount"
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
	"k8s.io/kubernetes/pkg/registry/policy/poddisruptionbudget"
	"k8s.io/kubernetes/pkg/registry/rbac/clusterrole"
	"k8s.io/kubernetes/pkg/registry/rbac/clusterrolebinding"
	"k8s.io/kubernetes/pkg/registry/rbac/role"
	"k8s.io/kubernetes/pkg/registry/rbac/rolebinding"
)

// resource is how the API server treats the objects of one kind when they are created.
type resource struct {
	name     string
	strategy rest.RESTCreateStrategy
}

// resources are the kinds of Kubernetes' own that can be judged.
var resources = map[schema.GroupVersionKind]resource{
	batchv1.SchemeGroupVersion.WithKind("CronJob"):              {"cronjobs", cronjob.Strategy},
	batchv1.SchemeGroupVersion.WithKind("Job"):                  {"jobs", job.Strategy},
	corev1.SchemeGroupVersion.WithKind("ConfigMap"):             {"configmaps", configmap.Strategy},
	corev1.SchemeGroupVersion.WithKind("LimitRange"):            {"limitranges", limitrange.Strategy},
	corev1.SchemeGroupVersion.WithKind("Namespace"):             {"namespaces", namespace.Strategy},
	corev1.SchemeGroupVersion.WithKind("PersistentVolumeClaim"): {"persistentvolumeclaims", persistentvolumeclaim.Strategy},
	corev1.SchemeGroupVersion.WithKind("Pod"):                   {"pods", pod.Strategy},
	corev1.SchemeGroupVersion.WithKind("ResourceQuota"):         {"resourcequotas", resourcequota.Strategy},
	corev1.SchemeGroupVersion.WithKind("Secret"):                {"secrets", secret.Strategy},
	corev1.SchemeGroupVersion.WithKind("Service"):               {"services", service.Strategy},
	corev1.SchemeGroupVersion.WithKind("ServiceAccount"):        {"serviceaccounts", serviceaccount.Strategy},
	networkingv1.SchemeGroupVersion.WithKind("NetworkPolicy"):   {"networkpolicies", networkpolicy.Strategy},
	policyv1.SchemeGroupVersion.WithKind("PodDisruptionBudget"): {"poddisruptionbudgets", poddisruptionbudget.Strategy},
	rbacv1.SchemeGroupVersion.WithKind("ClusterRole"):           {"clusterroles", clusterrole.Strategy},
	rbacv1.SchemeGroupVersion.WithKind("ClusterRoleBinding"):    {"clusterrolebindings", clusterrolebinding.Strategy},
	rbacv1.SchemeGroupVersion.WithKind("Role"):                  {"roles", role.Strategy},
	rbacv1.SchemeGroupVersion.WithKind("RoleBinding"):           {"rolebindings", rolebinding.Strategy},
}
