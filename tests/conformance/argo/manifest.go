package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	kjson "sigs.k8s.io/json"
	"sigs.k8s.io/yaml"
)

// group is the API group of Argo Workflows; Argo CD, Events and Rollouts share it.
const group = "argoproj.io"

// object is one document of a manifest file.
type object struct {
	file string
	*unstructured.Unstructured
}

// complaint is a finding about this object.
func (o object) complaint(text string) finding {
	return finding{File: o.file, Kind: o.GetKind(), Name: cmp.Or(o.GetName(), o.GetGenerateName()), Error: text}
}

// isArgo tells whether the object belongs to Argo's API group.
func (o object) isArgo() bool {
	return strings.HasPrefix(o.GetAPIVersion(), group+"/")
}

// loader reads manifests; standard input is kept in a temporary file, for Argo's library reads every file twice.
type loader struct {
	in    io.Reader
	stdin string
}

// close removes the copy of standard input.
func (l *loader) close() {
	if l.stdin != "" {
		_ = os.Remove(l.stdin)
	}
}

// files lists the manifest files that a PATH of the command line stands for.
func (l *loader) files(path string) ([]string, error) {
	if path == "-" {
		path, err := l.keepStdin()
		return []string{path}, err
	}
	var found []string
	err := filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !entry.IsDir() && isManifest(file) {
			found = append(found, file)
		}
		return nil
	})
	return found, err
}

// isManifest tells manifests from other files, by name as Argo's linter does.
func isManifest(file string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, filepath.Ext(file))
}

// keepStdin copies standard input to a temporary file, once.
func (l *loader) keepStdin() (string, error) {
	if l.stdin != "" {
		return l.stdin, nil
	}
	file, err := os.CreateTemp("", "stdin-*.yaml")
	if err != nil {
		return "", err
	}
	l.stdin = file.Name()
	_, err = io.Copy(file, l.in)
	return l.stdin, errors.Join(err, file.Close())
}

// label is the name by which the user knows a file.
func (l *loader) label(file string) string {
	if file == l.stdin {
		return "-"
	}
	return file
}

// objects decodes every document of a file as strictly as an API server would: no duplicate keys, a kind in each.
// What can't be decoded is a finding; an unreadable file is an error.
func (l *loader) objects(file string) ([]object, []finding, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	var (
		objects  []object
		findings []finding
		label    = l.label(file)
	)
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects, findings, nil
		}
		if err != nil {
			return objects, append(findings, finding{File: label, Error: err.Error()}), nil
		}
		content, err := decode(document)
		switch {
		case err != nil:
			findings = append(findings, finding{File: label, Error: err.Error()})
		case content != nil:
			objects = append(objects, object{label, &unstructured.Unstructured{Object: content}})
		}
	}
}

// decode turns one YAML or JSON document into plain data; an empty document is nil.
func decode(document []byte) (map[string]any, error) {
	text := document
	if !json.Valid(text) {
		var err error
		if text, err = yaml.YAMLToJSONStrict(document); err != nil {
			return nil, err
		}
	}
	if bytes.Equal(text, []byte("null")) {
		return nil, nil
	}
	var content map[string]any
	strict, err := kjson.UnmarshalStrict(text, &content)
	if err := errors.Join(append(strict, err)...); err != nil {
		return nil, err
	}
	if kind, ok := content["kind"].(string); !ok || kind == "" {
		return nil, errors.New("a document has no kind")
	}
	return content, nil
}
