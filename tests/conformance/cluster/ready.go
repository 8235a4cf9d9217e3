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

// wait returns when the API server is ready and the controllers have been seen at work, or why they never will be.
func (p *plane) wait(ctx context.Context) error {
	client, err := kubernetes.NewForConfig(&rest.Config{
		Host:            "https://" + p.address.String(),
		BearerToken:     p.credentials.token,
		TLSClientConfig: rest.TLSClientConfig{CAData: p.credentials.certificate},
		WarningHandler:  rest.NoWarnings{},
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	canary := &canary{client: client}
	for _, step := range []struct {
		name string
		done func(context.Context) (bool, error)
	}{
		{"the API server", canary.readyz},
		{"the service account controller", canary.account},
		{"the Job controller", canary.suspended},
		{"the garbage collector", canary.collected},
	} {
		if err := p.poll(ctx, step.done); err != nil {
			return fmt.Errorf("waiting for %s: %w", step.name, err)
		}
	}
	return nil
}

// poll asks again and again. What goes wrong in between is no news while things are starting, unless a part stops.
func (p *plane) poll(ctx context.Context, done func(context.Context) (bool, error)) error {
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
		case err := <-p.failed:
			return err
		case <-ctx.Done():
			return fmt.Errorf("%w, the last answer was: %v", ctx.Err(), last)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// canary is a suspended Job and a ConfigMap owned by it: the Job controller tells of the one that it is suspended, and
// the garbage collector deletes the other after its owner.
type canary struct {
	client kubernetes.Interface
	owner  *batchv1.Job
	gone   bool
}

const canaryName = "cluster-conformance"

func (c *canary) readyz(ctx context.Context) (bool, error) {
	_, err := c.client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(ctx)
	return err == nil, err
}

// account tells whether pods can be created in the namespace default: there is its service account default.
func (c *canary) account(ctx context.Context) (bool, error) {
	_, err := c.client.CoreV1().ServiceAccounts("default").Get(ctx, "default", metav1.GetOptions{})
	return err == nil, err
}

func (c *canary) suspended(ctx context.Context) (bool, error) {
	jobs := c.client.BatchV1().Jobs("default")
	if c.owner == nil {
		pod := corev1.PodSpec{RestartPolicy: corev1.RestartPolicyNever, Containers: []corev1.Container{{Name: "main", Image: "none"}}}
		owner, err := jobs.Create(ctx, &batchv1.Job{
			ObjectMeta: metav1.ObjectMeta{Name: canaryName},
			Spec:       batchv1.JobSpec{Suspend: ptr.To(true), Template: corev1.PodTemplateSpec{Spec: pod}},
		}, metav1.CreateOptions{})
		if err != nil {
			return false, err
		}
		c.owner = owner
	}
	job, err := jobs.Get(ctx, canaryName, metav1.GetOptions{})
	return err == nil && len(job.Status.Conditions) > 0, err
}

func (c *canary) collected(ctx context.Context) (bool, error) {
	maps := c.client.CoreV1().ConfigMaps("default")
	if !c.gone {
		owner := *metav1.NewControllerRef(c.owner, batchv1.SchemeGroupVersion.WithKind("Job"))
		meta := metav1.ObjectMeta{Name: canaryName, OwnerReferences: []metav1.OwnerReference{owner}}
		if _, err := maps.Create(ctx, &corev1.ConfigMap{ObjectMeta: meta}, metav1.CreateOptions{}); err != nil && !apierrors.IsAlreadyExists(err) {
			return false, err
		}
		background := metav1.DeletePropagationBackground
		if err := c.client.BatchV1().Jobs("default").Delete(ctx, canaryName, metav1.DeleteOptions{PropagationPolicy: &background}); err != nil {
			return false, err
		}
		c.gone = true
	}
	_, err := maps.Get(ctx, canaryName, metav1.GetOptions{})
	return apierrors.IsNotFound(err), err
}
