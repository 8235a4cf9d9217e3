package main

import (
	"context"
	"encoding/json"
	"net/http"

	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/webhook"
	"sigs.k8s.io/controller-runtime/pkg/webhook/admission"
	jobset "sigs.k8s.io/jobset/api/jobset/v1alpha2"
	"sigs.k8s.io/jobset/pkg/webhooks"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
)

// The paths are the ones of the configurations by which JobSet registers its webhooks.
const (
	mutatePath   = "/mutate-jobset-x-k8s-io-v1alpha2-jobset"
	validatePath = "/validate-jobset-x-k8s-io-v1alpha2-jobset"
)

// hooks are JobSet's admission webhooks. JobSet hands them to nobody but a manager's webhook server, so this is one
// that calls them without a network.
type hooks struct {
	webhook.Server
	byPath map[string]admission.Handler
}

func newHooks() (*hooks, error) {
	scheme := runtime.NewScheme()
	utilruntime.Must(corev1.AddToScheme(scheme))
	utilruntime.Must(jobset.AddToScheme(scheme))
	h := &hooks{byPath: map[string]admission.Handler{}}
	return h, webhooks.Setup(&host{scheme: scheme, hooks: h})
}

// Register keeps a webhook.
func (h *hooks) Register(path string, hook http.Handler) {
	if handler, ok := hook.(admission.Handler); ok {
		h.byPath[path] = handler
	}
}

// WebhookMux is nil as nothing is served.
func (h *hooks) WebhookMux() *http.ServeMux { return nil }

// host is as much of a manager as setting up webhooks takes.
type host struct {
	manager.Manager
	scheme *runtime.Scheme
	hooks  *hooks
}

func (h *host) GetScheme() *runtime.Scheme       { return h.scheme }
func (h *host) GetClient() client.Client         { return void{} }
func (h *host) GetConfig() *rest.Config          { return &rest.Config{} }
func (h *host) GetWebhookServer() webhook.Server { return h.hooks }

// void is a cluster without any object.
type void struct{ client.Client }

func (void) Get(_ context.Context, key client.ObjectKey, _ client.Object, _ ...client.GetOption) error {
	return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
}

// mutate returns a JobSet as the mutating webhook makes it.
func (h *hooks) mutate(ctx context.Context, object *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	text, response, err := h.ask(ctx, mutatePath, object)
	if err != nil || len(response.Patch) == 0 {
		return object, err
	}
	patch, err := jsonpatch.DecodePatch(response.Patch)
	if err != nil {
		return nil, err
	}
	if text, err = patch.Apply(text); err != nil {
		return nil, err
	}
	mutated := &unstructured.Unstructured{}
	return mutated, mutated.UnmarshalJSON(text)
}

// validate returns why the validating webhook refuses a JobSet, if it does.
func (h *hooks) validate(ctx context.Context, object *unstructured.Unstructured) error {
	_, _, err := h.ask(ctx, validatePath, object)
	return err
}

// ask calls a webhook as the API server does when the object is created, and returns what it sent and got.
func (h *hooks) ask(ctx context.Context, path string, object *unstructured.Unstructured) ([]byte, admission.Response, error) {
	text, err := json.Marshal(object.Object)
	if err != nil {
		return nil, admission.Response{}, err
	}
	kind := object.GroupVersionKind()
	response := h.byPath[path].Handle(ctx, admission.Request{AdmissionRequest: admissionv1.AdmissionRequest{
		Kind:      metav1.GroupVersionKind{Group: kind.Group, Version: kind.Version, Kind: kind.Kind},
		Name:      object.GetName(),
		Namespace: object.GetNamespace(),
		Operation: admissionv1.Create,
		Object:    runtime.RawExtension{Raw: text},
	}})
	if !response.Allowed {
		return nil, response, &apierrors.StatusError{ErrStatus: *response.Result}
	}
	return text, response, nil
}
