package main

import (
	"context"
	"fmt"
	"os"

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
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/validation/field"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// customResource validates the objects of the one version of a namespaced CRD.
type customResource struct {
	schema *schema.Structural
	values validation.SchemaValidator
	rules  *cel.Validator
}

// loadCustomResource compiles the CRD in a file.
func loadCustomResource(file string) (*customResource, error) {
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
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(crd.Spec.Versions[0].Schema.OpenAPIV3Schema, &internal, nil); err != nil {
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
	return &customResource{
		schema: structural,
		values: values,
		rules:  cel.NewValidator(structural, true, celconfig.PerCallLimit),
	}, nil
}

// decode decodes as with fieldValidation=Strict, and sets the schema's defaults.
func (r *customResource) decode(text []byte) (object *unstructured.Unstructured, complaints []string, err error) {
	var content map[string]any
	duplicates, err := kjson.UnmarshalStrict(text, &content)
	if err != nil {
		return nil, nil, err
	}
	complaints = messages(duplicates)
	meta, found, unknown, err := objectmeta.GetObjectMetaWithOptions(content, objectmeta.ObjectMetaOptions{ReturnUnknownFieldPaths: true})
	if err != nil {
		return nil, nil, err
	}
	track := schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true}
	unknown = append(unknown, pruning.PruneWithOptions(content, r.schema, true, track)...)
	defaulting.PruneNonNullableNullsWithoutDefaults(content, r.schema)
	fault, embedded := objectmeta.CoerceWithOptions(nil, content, r.schema, false, objectmeta.CoerceOptions{ReturnUnknownFieldPaths: true})
	if fault != nil {
		return nil, nil, fault
	}
	if found {
		if err := objectmeta.SetObjectMeta(content, meta); err != nil {
			return nil, nil, err
		}
	}
	defaulting.Default(content, r.schema)
	for _, path := range append(unknown, embedded...) {
		complaints = append(complaints, fmt.Sprintf("unknown field %q", path))
	}
	return &unstructured.Unstructured{Object: content}, complaints, nil
}

// validate applies the rules for metadata, the schema, the invariants of lists, and then the CEL rules, unless the
// object is too wrong for them.
func (r *customResource) validate(ctx context.Context, object *unstructured.Unstructured) field.ErrorList {
	content := object.Object
	errs := metavalidation.ValidateObjectMetaAccessor(object, true, metavalidation.NameIsDNSSubdomain, field.NewPath("metadata"))
	errs = append(errs, validation.ValidateCustomResource(nil, content, r.values)...)
	errs = append(errs, objectmeta.Validate(ctx, nil, content, r.schema, false)...)
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
