package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/storage/names"
	jobset "sigs.k8s.io/jobset/api/jobset/v1alpha2"
	"sigs.k8s.io/jobset/pkg/util/placement"
)

var jobSetKind = jobset.GroupVersion.WithKind("JobSet")

// jobSets judges JobSets.
type jobSets struct {
	resource *customResource
	hooks    *hooks
}

func newJobSets() (*jobSets, error) {
	resource, err := loadCustomResource(filepath.Join(crds(), "jobset.x-k8s.io_jobsets.yaml"))
	if err != nil {
		return nil, err
	}
	hooks, err := newHooks()
	if err != nil {
		return nil, err
	}
	return &jobSets{resource: resource, hooks: hooks}, nil
}

// crds is where the build script puts the CRDs: beside the binary.
func crds() string {
	if folder := os.Getenv("CLUSTER_CRDS"); folder != "" {
		return folder
	}
	binary, err := os.Executable()
	if err != nil {
		return ""
	}
	return binary + ".crds"
}

// admit follows a create request, and returns the JobSet as it would be stored, if it would.
func (s *jobSets) admit(ctx context.Context, text []byte, v *verdict) (*jobset.JobSet, error) {
	object, unknown, err := s.resource.decode(text)
	if err != nil {
		return nil, err
	}
	v.Errors = append(v.Errors, unknown...)
	identify(object)
	if object, err = s.hooks.mutate(ctx, object); err != nil {
		return nil, err
	}
	if errs := s.resource.validate(ctx, object); len(errs) > 0 {
		for _, err := range errs {
			v.Errors = append(v.Errors, err.Error())
		}
		return nil, nil
	}
	if err := s.hooks.validate(ctx, object); err != nil {
		return nil, err
	}
	var set jobset.JobSet
	return &set, runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, &set)
}

// identify fills in what the request for a new object implies.
func identify(object *unstructured.Unstructured) {
	if object.GetName() == "" && object.GetGenerateName() != "" {
		object.SetName(names.SimpleNameGenerator.GenerateName(object.GetGenerateName()))
	}
	if object.GetNamespace() == "" {
		object.SetNamespace(metav1.NamespaceDefault)
	}
}

// jobSet judges a JobSet, then the first Job of each of its groups: the JobSet is stored even if its Jobs can't be.
func (j *judge) jobSet(ctx context.Context, text []byte, v *verdict) error {
	if j.jobSets == nil {
		sets, err := newJobSets()
		if err != nil {
			return err
		}
		j.jobSets = sets
	}
	set, err := j.jobSets.admit(ctx, text, v)
	if err != nil {
		v.refuse(err)
		return nil
	}
	if set == nil {
		return nil
	}
	kind := batchv1.SchemeGroupVersion.WithKind("Job")
	for i, group := range set.Spec.ReplicatedJobs {
		text, err := json.Marshal(firstJob(set, group))
		if err != nil {
			return err
		}
		inner := newVerdict()
		j.builtin(ctx, kind, resources[kind], text, inner)
		v.add(fmt.Sprintf("spec.replicatedJobs[%d].template: ", i), inner)
	}
	return nil
}

// firstJob is what JobSet makes of a group's template, but for labels and the like.
func firstJob(set *jobset.JobSet, group jobset.ReplicatedJob) *batchv1.Job {
	job := &batchv1.Job{
		TypeMeta:   metav1.TypeMeta{APIVersion: "batch/v1", Kind: "Job"},
		ObjectMeta: *group.Template.ObjectMeta.DeepCopy(),
		Spec:       group.Template.Spec,
	}
	job.Name, job.Namespace = placement.GenJobName(set.Name, group.Name, 0), set.Namespace
	return job
}
