package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/warning"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	psa "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	kjson "sigs.k8s.io/json"
)

// verdict is what there is to say about one object.
type verdict struct {
	Errors     []string `json:"errors"`
	Warnings   []string `json:"warnings"`
	Restricted []string `json:"restricted"`
}

func newVerdict() *verdict {
	return &verdict{Errors: []string{}, Warnings: []string{}, Restricted: []string{}}
}

// refuse takes down why an object is refused.
func (v *verdict) refuse(err error) {
	v.Errors = append(v.Errors, complaints(err)...)
}

// AddWarning takes down what kubectl would print.
func (v *verdict) AddWarning(_, text string) {
	v.Warnings = append(v.Warnings, text)
}

// add takes over what there is to say about a part of the object.
func (v *verdict) add(part string, inner *verdict) {
	for _, list := range []struct {
		to   *[]string
		from []string
	}{{&v.Errors, inner.Errors}, {&v.Warnings, inner.Warnings}, {&v.Restricted, inner.Restricted}} {
		for _, text := range list.from {
			*list.to = append(*list.to, part+text)
		}
	}
}

// judge says what an API server would say.
type judge struct {
	evaluator policy.Evaluator
	jobSets   *jobSets // made when the first one comes
}

// judgeCommand judges object after object.
func judgeCommand(ctx context.Context, args []string, std streams) error {
	if len(args) > 0 {
		return errUsage
	}
	j, err := newJudge()
	if err != nil {
		return err
	}
	lines := bufio.NewReader(std.in)
	answers := json.NewEncoder(std.out)
	answers.SetEscapeHTML(false)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			answer, err := j.judge(ctx, line)
			if err != nil {
				return err
			}
			if err := answers.Encode(answer); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func newJudge() (*judge, error) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	if err != nil {
		return nil, err
	}
	return &judge{evaluator: evaluator}, nil
}

// judge judges one object; the error is for what has nothing to do with it.
func (j *judge) judge(ctx context.Context, text []byte) (*verdict, error) {
	v := newVerdict()
	var typed metav1.TypeMeta
	if err := kjson.UnmarshalCaseSensitivePreserveInts(text, &typed); err != nil {
		v.refuse(err)
		return v, nil
	}
	kind := typed.GroupVersionKind()
	if kind == jobSetKind {
		return v, j.jobSet(ctx, text, v)
	}
	if res, ok := resources[kind]; ok {
		j.builtin(ctx, kind, res, text, v)
		return v, nil
	}
	v.refuse(fmt.Errorf("no judge for kind %q of %q", kind.Kind, typed.APIVersion))
	return v, nil
}

// builtin follows a create request for a kind of Kubernetes' own.
func (j *judge) builtin(ctx context.Context, kind schema.GroupVersionKind, res resource, text []byte, v *verdict) {
	object, err := decode(kind, text)
	if err != nil {
		v.refuse(err)
		return
	}
	if err := create(warning.WithWarningRecorder(ctx, v), kind, res, object); err != nil {
		v.refuse(err)
		return
	}
	external, err := legacyscheme.Scheme.ConvertToVersion(object, kind.GroupVersion())
	if err != nil {
		v.refuse(err)
		return
	}
	v.Restricted = append(v.Restricted, j.restricted(external)...)
}

// decode decodes as with fieldValidation=Strict, and sets defaults.
func decode(kind schema.GroupVersionKind, text []byte) (runtime.Object, error) {
	info, ok := runtime.SerializerInfoForMediaType(legacyscheme.Codecs.SupportedMediaTypes(), runtime.ContentTypeJSON)
	if !ok {
		return nil, errors.New("no JSON")
	}
	hub := schema.GroupVersion{Group: kind.Group, Version: runtime.APIVersionInternal}
	object, _, err := legacyscheme.Codecs.DecoderToVersion(info.StrictSerializer, hub).Decode(text, nil, nil)
	return object, err
}

// create does what the registry does before it stores a new object: fill in what the request implies, then validate.
func create(ctx context.Context, kind schema.GroupVersionKind, res resource, object runtime.Object) error {
	accessor, err := meta.Accessor(object)
	if err != nil {
		return err
	}
	namespace := metav1.NamespaceNone
	if res.strategy.NamespaceScoped() {
		namespace = accessor.GetNamespace()
		if namespace == metav1.NamespaceNone {
			namespace = metav1.NamespaceDefault
		}
	}
	ctx = request.WithNamespace(ctx, namespace)
	ctx = request.WithRequestInfo(ctx, &request.RequestInfo{
		IsResourceRequest: true, Verb: "create", Namespace: namespace,
		APIGroup: kind.Group, APIVersion: kind.Version, Resource: res.name,
	})
	rest.WipeObjectMetaSystemFields(accessor)
	rest.FillObjectMetaSystemFields(accessor)
	if accessor.GetName() == "" && accessor.GetGenerateName() != "" {
		accessor.SetName(res.strategy.GenerateName(accessor.GetGenerateName()))
	}
	return rest.BeforeCreate(res.strategy, ctx, object)
}

// complaints takes an error apart into what it is made of.
func complaints(err error) []string {
	if strict, ok := runtime.AsStrictDecodingError(err); ok {
		return messages(strict.Errors())
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil || len(status.Status().Details.Causes) == 0 {
		return []string{err.Error()}
	}
	var all []string
	for _, cause := range status.Status().Details.Causes {
		// JobSet's webhooks have complaints about no field in particular.
		if cause.Field == "" || cause.Field == "<nil>" {
			all = append(all, cause.Message)
			continue
		}
		all = append(all, cause.Field+": "+cause.Message)
	}
	return all
}

func messages(errs []error) []string {
	var all []string
	for _, err := range errs {
		all = append(all, err.Error())
	}
	return all
}

// restricted is what the Pod Security Standard "restricted" has against an object's pods, if it has any.
func (j *judge) restricted(object runtime.Object) []string {
	var pod *corev1.PodTemplateSpec
	switch o := object.(type) {
	case *corev1.Pod:
		pod = &corev1.PodTemplateSpec{ObjectMeta: o.ObjectMeta, Spec: o.Spec}
	case *batchv1.Job:
		pod = &o.Spec.Template
	case *batchv1.CronJob:
		pod = &o.Spec.JobTemplate.Spec.Template
	default:
		return nil
	}
	level := psa.LevelVersion{Level: psa.LevelRestricted, Version: psa.LatestVersion()}
	var all []string
	for _, result := range j.evaluator.EvaluatePod(level, &pod.ObjectMeta, &pod.Spec) {
		if !result.Allowed {
			all = append(all, fmt.Sprintf("%s: %s", result.ForbiddenReason, result.ForbiddenDetail))
		}
	}
	return all
}
