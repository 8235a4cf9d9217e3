package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain points the crd subcommand at the CRDs of the very Argo module that is compiled in.
func TestMain(m *testing.M) {
	argo, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/argoproj/argo-workflows/v4").Output()
	if err != nil {
		fmt.Fprintln(os.Stderr, "where is the module of Argo?", err)
		os.Exit(1)
	}
	os.Setenv("ARGO_CRDS", filepath.Join(strings.TrimSpace(string(argo)), "manifests/base/crds/full"))
	os.Exit(m.Run())
}

// invoke runs one command line and returns its exit status and what it printed.
func invoke(t *testing.T, stdin string, args ...string) (status int, stdout string) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(args, streams{strings.NewReader(stdin), &out, &err})
	if status == 2 {
		t.Logf("%s: %s", args, err.String())
	}
	return status, out.String()
}

func TestGoodManifestsPass(t *testing.T) {
	for _, command := range []string{"lint", "crd"} {
		if status, out := invoke(t, "", command, "testdata/good"); status != 0 {
			t.Errorf("%s: status %d\n%s", command, status, out)
		}
	}
}

// Each bad file says in comments what is expected of which subcommand: a part of a message, or nothing at all.
func TestBadManifestsFailForTheExpectedReason(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, file := range files {
		for _, command := range []string{"lint", "crd"} {
			t.Run(filepath.Base(file)+"/"+command, func(t *testing.T) {
				want := expected(t, file, command)
				status, out := invoke(t, "", command, file)
				if want == "" {
					if status != 0 {
						t.Fatalf("status %d, want 0\n%s", status, out)
					}
					return
				}
				var f finding
				if err := json.Unmarshal([]byte(out), &f); err != nil {
					t.Fatalf("status %d, want one finding: %v\n%s", status, err, out)
				}
				if status != 1 || f.File != file || !strings.Contains(f.Error, want) {
					t.Errorf("status %d, want %q\n%s", status, want, out)
				}
			})
		}
	}
}

// expected reads "# <command>: <part of the message>" from the top of a file.
func expected(t *testing.T, file, command string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		if want, ok := strings.CutPrefix(lines.Text(), "# "+command+": "); ok {
			return want
		}
	}
	return ""
}

// manifest is a WorkflowTemplate with so many templates.
func manifest(name string, templates int) string {
	var text strings.Builder
	fmt.Fprintf(&text, "apiVersion: argoproj.io/v1alpha1\nkind: WorkflowTemplate\nmetadata: {name: %s}\nspec:\n", name)
	fmt.Fprintf(&text, "  entrypoint: t0\n  templates:\n")
	for i := range templates {
		fmt.Fprintf(&text, "  - {name: t%d, container: {image: busybox}}\n", i)
	}
	return text.String()
}

func TestTemplatesAreLimitedInNumber(t *testing.T) {
	if status, out := invoke(t, manifest("many", 200), "crd", "-"); status != 0 {
		t.Errorf("200 templates: status %d\n%s", status, out)
	}
	status, out := invoke(t, manifest("many", 201), "crd", "-")
	if status != 1 || !strings.Contains(out, "must have at most 200 items") || !strings.Contains(out, `"file":"-"`) {
		t.Errorf("201 templates: status %d\n%s", status, out)
	}
}

func TestSetsAreIndependentWithEach(t *testing.T) {
	dir := t.TempDir()
	for _, set := range []string{"one", "two"} {
		if err := os.Mkdir(filepath.Join(dir, set), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, set, "flow.yaml"), []byte(manifest("same", 1)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if status, out := invoke(t, "", "lint", "-each", dir); status != 0 {
		t.Errorf("apart: status %d\n%s", status, out)
	}
	if status, out := invoke(t, "", "lint", dir); status != 1 || !strings.Contains(out, "duplicate WorkflowTemplate") {
		t.Errorf("together: status %d\n%s", status, out)
	}
	if err := os.Mkdir(filepath.Join(dir, "void"), 0o755); err != nil {
		t.Fatal(err)
	}
	if status, out := invoke(t, "", "lint", "-each", dir); status != 1 || !strings.Contains(out, "no Argo Workflows object") {
		t.Errorf("with an empty set: status %d\n%s", status, out)
	}
}

func TestWhatCannotBeAsked(t *testing.T) {
	for _, args := range [][]string{{}, {"frob"}, {"lint"}, {"crd"}, {"expand", "x"}, {"lint", "nowhere.yaml"}, {"crd", "nowhere.yaml"}} {
		if status, _ := invoke(t, "", args...); status != 2 {
			t.Errorf("%v: status %d, want 2", args, status)
		}
	}
	if status, _ := invoke(t, "{\"tempalte\": \"x\"}\n", "expand"); status != 2 {
		t.Errorf("a line that is no question: status %d, want 2", status)
	}
}

func TestExpand(t *testing.T) {
	for _, test := range []struct{ question, want string }{
		{`{"value": "{{x}}-{{ y }}", "global": {"x": "1"}, "local": {"y": "2"}}`, `{"result":"1-2"}`},
		{`{"value": "{{x}}", "global": {"x": "{{y}}"}, "local": {"y": "a\"\\\nb😀"}}`, `{"result":"a\"\\\nb😀"}`},
		{`{"value": "{{=asInt(x) / 2}}", "global": {"x": "7"}}`, `{"result":"3.5"}`},
		{`{"value": "{{=x ?? 'null'}}", "global": {"x": null}}`, `{"result":"null"}`},
		{`{"value": "{{x}}", "strict": true}`, `{"error":"failed to resolve {{x}}"}`},
		{`{"value": "{{=item}}"}`, `{"result":"{{=item}}"}`},
		{`{"template": "{\"name\": \"{{x}}\"}", "global": {"x": "a\"b"}}`, `{"result":"{\"name\": \"a\\\"b\"}"}`},
		{`{"template": "plain {{x}}", "global": {"x": "a\"b"}}`, `{"result":"plain a\"b"}`},
		{`{"when": "{{x}} == yes && {{=asInt(n) > 3}}", "global": {"x": "yes", "n": "4"}}`, `{"result":"true"}`},
		{`{"when": "{{x}} == yes", "global": {"x": "a-b"}}`, `{"error":`},
		{`{"when": "1 + 1"}`, `{"error":"the condition`},
		{`{}`, `{"error":"ask for one`},
	} {
		status, out := invoke(t, test.question+"\n", "expand")
		if status != 0 || !strings.HasPrefix(out, test.want) {
			t.Errorf("%s: status %d, want %s\n%s", test.question, status, test.want, out)
		}
	}
}
