package main

import (
	"context"
	"fmt"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/utils/ptr"
)

// probe finds out whether the parts of a control plane work.
//
// Its canaries are a suspended Job and a ConfigMap owned by it: the Job controller tells of the one that it is
// suspended, and the garbage collector deletes the other after its owner.
type probe struct {
	plane  *plane
	client kubernetes.Interface
	owner  *batchv1.Job
	orphan bool
}

func newProbe(p *plane) (*probe, error) {
	client, err := kubernetes.NewForConfig(&rest.Config{
		Host:            "https://" + p.address.String(),
		BearerToken:     p.credentials.token,
		TLSClientConfig: rest.TLSClientConfig{CAData: p.credentials.certificate},
		WarningHandler:  rest.NoWarnings{},
	})
	return &probe{plane: p, client: client}, err
}

// controllers returns when the controllers have been seen at work.
func (p *probe) controllers(ctx context.Context) error {
	for _, step := range []struct {
		name string
		done func(context.Context) (bool, error)
	}{
		{"the service account controller", p.account},
		{"the Job controller", p.suspended},
		{"the garbage collector", p.collected},
	} {
		if err := p.await(ctx, step.name, step.done); err != nil {
			return err
		}
	}
	return nil
}

// await asks again and again. What goes wrong in between is no news while things are starting, unless a part stops.
func (p *probe) await(ctx context.Context, name string, done func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	var last error
	for {
		ok, err := done(ctx)
		if ok {
			return nil
		}
		if err != nil && ctx.Err() == nil {
			last = err
		}
		select {
		case err := <-p.plane.failed:
			return err
		case <-ctx.Done():
			return fmt.Errorf("waiting for %s: %w, the last answer was: %v", name, ctx.Err(), last)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

const canaryName = "cluster-conformance"

func (p *probe) readyz(ctx context.Context) (bool, error) {
	_, err := p.client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
	return err == nil, err
}

// account tells whether pods can be created in the namespace default: there is its service account default.
func (p *probe) account(ctx context.Context) (bool, error) {
	_, err := p.client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
	return err == nil, err
}

func (p *probe) suspended(ctx context.Context) (bool, error) {
	jobs := p.client.BatchV1().Jobs("default")
	if p.owner == nil {
		pod := corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "main", Image: "none"}}}
		owner, err := jobs.Create(ctx, &batchv1.Job{
			ObjectMeta: metav1.ObjectMeta{Name: canaryName},
			Spec:       batchv1.JobSpec{Suspend: ptr.To(true), Template: corev1.PodTemplateSpec{Spec: pod}},
		}, metav1.CreateOptions{})
		if err != nil {
			return false, err
		}
		p.owner = owner
	}
	job, err := jobs.Get(ctx, canaryName, metav1.GetOptions{})
	return err == nil && len(job.Status.Conditions) > 0, err
}

func (p *probe) collected(ctx context.Context) (bool, error) {
	maps := p.client.CoreV1().ConfigMaps("default")
	if !p.orphan {
		owner := *metav1.NewControllerRef(p.owner, batchv1.SchemeGroupVersion.WithKind("Job"))
		meta := metav1.ObjectMeta{Name: canaryName, OwnerReferences: []metav1.OwnerReference{owner}}
		if _, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: meta}, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return false, err
		}
		background := metav1.DeletePropagationBackground
		if err := p.client.BatchV1().Jobs("default").Delete(ctx, canaryName, metav1.DeleteOptions{PropagationPolicy: &background}); err != nil {
			return false, err
		}
		p.orphan = true
	}
	_, err := maps.Get(ctx, canaryName, metav1.GetOptions{})
	return apierrors.IsNotFound(err), err
}
