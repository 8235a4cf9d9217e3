package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/objectmeta"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	metavalidation "k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

// crdCommand validates every Argo object as an API server does with fieldValidation=Strict.
func crdCommand(ctx context.Context, args []string, std streams) (outcome, error) {
	flags := flag.NewFlagSet("crd", flag.ContinueOnError)
	flags.SetOutput(std.err)
	folder := flags.String("crds", defaultCRDs(), "folder of Argo's full CRDs")
	if err := flags.Parse(args); err != nil || flags.NArg() == 0 {
		return outcome{}, errUsage
	}
	load := &loader{in: std.in}
	defer load.close()
	server := &apiServer{folder: *folder, resources: map[string]*resource{}}

	var result outcome
	for _, path := range flags.Args() {
		result.sets++
		files, err := load.files(path)
		if err != nil {
			return outcome{}, err
		}
		before := result.objects
		for _, file := range files {
			objects, findings, err := load.objects(file)
			if err != nil {
				return outcome{}, err
			}
			result.findings = append(result.findings, findings...)
			for _, object := range objects {
				known, errs, err := server.validate(ctx, object)
				if err != nil {
					return outcome{}, err
				}
				if known {
					result.objects++
				}
				for _, err := range errs {
					result.findings = append(result.findings, object.complaint(err.Error()))
				}
			}
		}
		if result.objects == before && len(result.findings) == 0 {
			result.findings = append(result.findings, finding{File: path, Error: "no Argo Workflows object to validate"})
		}
	}
	return result, nil
}

// defaultCRDs is where the build script puts the CRDs: beside the binary.
func defaultCRDs() string {
	if folder := os.Getenv("ARGO_CRDS"); folder != "" {
		return folder
	}
	binary, err := os.Executable()
	if err != nil {
		return ""
	}
	return binary + ".crds"
}

// apiServer validates objects against CRDs, each of which is read and compiled when its first object comes.
type apiServer struct {
	folder    string
	resources map[string]*resource
}

// validate tells what an API server would say of a new object, and whether the object's kind is one of the CRDs.
func (s *apiServer) validate(ctx context.Context, o object) (known bool, complaints []error, err error) {
	if !o.isArgo() {
		return false, nil, nil
	}
	res, err := s.resource(o.GetKind())
	if res == nil || err != nil {
		return false, nil, err
	}
	return true, res.validate(ctx, o), nil
}

// resource is the compiled CRD of a kind; nil if there is none, as for the kinds of Argo CD.
func (s *apiServer) resource(kind string) (*resource, error) {
	if res, ok := s.resources[kind]; ok {
		return res, nil
	}
	res, err := loadResource(filepath.Join(s.folder, group+"_"+strings.ToLower(kind)+"s.yaml"))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(s.folder); err != nil {
			return nil, fmt.Errorf("no CRDs: %w", err)
		}
		err = nil
	}
	s.resources[kind] = res
	return res, err
}

// resource validates the objects of one version of one CRD.
type resource struct {
	apiVersion string
	namespaced bool
	schema     *schema.Structural
	values     validation.SchemaValidator
	rules      *cel.Validator
}

// loadResource compiles the CRD in a file.
func loadResource(file string) (*resource, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(text, &crd); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(crd.Spec.Versions) != 1 || crd.Spec.Versions[0].Schema == nil {
		return nil, fmt.Errorf("%s: not a CRD with one version and a schema", file)
	}
	version := crd.Spec.Versions[0]
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(version.Schema.OpenAPIV3Schema, &internal, nil); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	structural, err := schema.NewStructural(&internal)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	values, _, err := validation.NewSchemaValidator(&internal)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return &resource{
		apiVersion: group + "/" + version.Name,
		namespaced: crd.Spec.Scope == apiextensionsv1.NamespaceScoped,
		schema:     structural,
		values:     values,
		rules:      cel.NewValidator(structural, true, celconfig.PerCallLimit),
	}, nil
}

// validate follows a create request: decode strictly, set defaults, fill in what the request implies, then validate.
func (r *resource) validate(ctx context.Context, o object) []error {
	if o.GetAPIVersion() != r.apiVersion {
		return []error{fmt.Errorf("apiVersion %s is not served, only %s", o.GetAPIVersion(), r.apiVersion)}
	}
	content := o.DeepCopy()
	unknown, err := r.decode(content.Object)
	if err != nil {
		return []error{err}
	}
	var complaints []error
	for _, path := range unknown {
		complaints = append(complaints, fmt.Errorf("unknown field %q", path))
	}
	if content.GetName() == "" && content.GetGenerateName() != "" {
		content.SetName(content.GetGenerateName() + "x7k2p")
	}
	if content.GetNamespace() == "" && r.namespaced {
		content.SetNamespace("default")
	}
	meta := metavalidation.ValidateObjectMetaAccessor(content, r.namespaced, metavalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
	for _, err := range append(meta, r.check(ctx, content.Object)...) {
		complaints = append(complaints, err)
	}
	return complaints
}

// decode prunes what the schema doesn't know, reporting it, and sets the schema's defaults.
func (r *resource) decode(content map[string]any) (unknown []string, err error) {
	meta, found, unknown, err := objectmeta.GetObjectMetaWithOptions(content, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	if err != nil {
		return nil, err
	}
	track := schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}
	unknown = append(unknown, pruning.PruneWithOptions(content, r.schema, true, track)...)
	defaulting.PruneNonNullableNullsWithoutDefaults(content, r.schema)
	fault, embedded := objectmeta.CoerceWithOptions(nil, content, r.schema, false, objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true})
	if fault != nil {
		return nil, fault
	}
	if found {
		if err := objectmeta.SetObjectMeta(content, meta); err != nil {
			return nil, err
		}
	}
	defaulting.Default(content, r.schema)
	return append(unknown, embedded...), nil
}

// check applies the schema, then the invariants of lists, then the CEL rules unless the object is too wrong for them.
func (r *resource) check(ctx context.Context, content map[string]any) field.ErrorList {
	errs := validation.ValidateCustomResource(nil, content, r.values)
	errs = append(errs, objectmeta.Validate(nil, content, r.schema, false)...)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, r.schema, content)...)
	for _, err := range errs {
		switch err.Type {
		case field.ErrorTypeNotSupported, field.ErrorTypeRequired, field.ErrorTypeTooLong, field.ErrorTypeTooMany, field.ErrorTypeTypeInvalid:
			return errs
		}
	}
	broken, _ := r.rules.Validate(ctx, nil, r.schema, content, nil, celconfig.RuntimeCELCostBudget)
	return append(errs, broken...)
}
