// Command argo-conformance asks Argo Workflows' own code what it thinks of the manifests dragoman renders.
//
//	argo-conformance lint [-each] PATH...       what "argo lint --offline --strict" says
//	argo-conformance crd [-crds DIR] PATH...    what an API server with the full CRDs says
//	argo-conformance expand                     what the controller makes of {{tags}} and "when" (JSON lines)
//
// A PATH is a file, a directory (searched for *.yaml, *.yml and *.json) or "-" for standard input.
// Findings are JSON lines on standard output, the summary goes to standard error.
// The exit status is 0 when nothing was found, 1 when something was, 2 when the question could not be asked.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/argoproj/argo-workflows/v4/util/logging"
)

const usage = `usage: argo-conformance lint [-each] PATH...
       argo-conformance crd [-crds DIR] PATH...
       argo-conformance expand < questions.jsonl
`

// errUsage is a command line that makes no sense; the usage text answers it.
var errUsage = errors.New("bad usage")

// finding is one complaint of Argo's about one object, or about a whole file or set of files.
type finding struct {
	File  string `json:"file"`
	Kind  string `json:"kind"`
	Name  string `json:"name"`
	Error string `json:"error"`
}

// outcome is what a subcommand found, and how much it looked at.
type outcome struct {
	findings []finding
	objects  int
	sets     int
}

// streams are the three standard streams, replaceable in tests.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func main() {
	os.Exit(run(os.Args[1:], streams{os.Stdin, os.Stdout, os.Stderr}))
}

// run dispatches one command line and returns the exit status.
func run(args []string, std streams) int {
	ctx := logging.WithLogger(context.Background(), logging.NewSlogLoggerCustom(logging.Error, logging.Text, std.err))
	if len(args) == 0 {
		return complain(std, errUsage)
	}
	var (
		result outcome
		err    error
	)
	switch name, rest := args[0], args[1:]; name {
	case "lint":
		result, err = lintCommand(ctx, rest, std)
	case "crd":
		result, err = crdCommand(ctx, rest, std)
	case "expand":
		if len(rest) > 0 {
			return complain(std, errUsage)
		}
		return expandCommand(ctx, std)
	default:
		err = errUsage
	}
	if err != nil {
		return complain(std, err)
	}
	lines := json.NewEncoder(std.out)
	lines.SetEscapeHTML(false)
	for _, f := range result.findings {
		if err := lines.Encode(f); err != nil {
			return complain(std, err)
		}
	}
	fmt.Fprintf(std.err, "%s: %d objects in %d sets, %d findings\n", args[0], result.objects, result.sets, len(result.findings))
	if len(result.findings) > 0 {
		return 1
	}
	return 0
}

// complain reports why the question could not be asked.
func complain(std streams, err error) int {
	if errors.Is(err, errUsage) {
		fmt.Fprint(std.err, usage)
	} else {
		fmt.Fprintf(std.err, "argo-conformance: %v\n", err)
	}
	return 2
}
