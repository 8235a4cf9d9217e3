package main

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"regexp"

	"github.com/argoproj/argo-workflows/v4/cmd/argo/lint"
	"github.com/argoproj/argo-workflows/v4/pkg/apiclient"
)

// lintPrefix is how Argo's linter names the object an error is about.
var lintPrefix = regexp.MustCompile(`(?s)^in "(.*?)" \((\w+)\): (.*)$`)

// lintCommand runs Argo's offline linter, strictly, over one set of files, or over many independent ones with -each.
func lintCommand(ctx context.Context, args []string, std streams) (outcome, error) {
	flags := flag.NewFlagSet("lint", flag.ContinueOnError)
	flags.SetOutput(std.err)
	each := flags.Bool("each", false, "every file, and every entry of a directory, is linted on its own")
	if err := flags.Parse(args); err != nil || flags.NArg() == 0 {
		return outcome{}, errUsage
	}
	load := &loader{in: std.in}
	defer load.close()

	sets := [][]string{flags.Args()}
	if *each {
		var err error
		if sets, err = separate(flags.Args()); err != nil {
			return outcome{}, err
		}
	}
	var total outcome
	for _, set := range sets {
		one, err := lintSet(ctx, load, set)
		if err != nil {
			return outcome{}, err
		}
		total.sets++
		total.objects += one.objects
		total.findings = append(total.findings, one.findings...)
	}
	return total, nil
}

// separate makes a set of its own of every file, and of every folder and manifest file right inside a directory.
func separate(paths []string) ([][]string, error) {
	var sets [][]string
	for _, path := range paths {
		if info, err := os.Stat(path); err != nil || !info.IsDir() {
			sets = append(sets, []string{path})
			continue
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			if entry.IsDir() || isManifest(entry.Name()) {
				sets = append(sets, []string{filepath.Join(path, entry.Name())})
			}
		}
	}
	return sets, nil
}

// lintSet lints files that may refer to each other, and to nothing else.
func lintSet(ctx context.Context, load *loader, paths []string) (outcome, error) {
	var (
		result outcome
		files  []string
	)
	for _, path := range paths {
		found, err := load.files(path)
		if err != nil {
			return outcome{}, err
		}
		files = append(files, found...)
	}
	// Argo's linter only logs a document that it can't read, so those are found here.
	for _, file := range files {
		objects, findings, err := load.objects(file)
		if err != nil {
			return outcome{}, err
		}
		for _, object := range objects {
			if object.isArgo() {
				result.objects++
			}
		}
		result.findings = append(result.findings, findings...)
	}
	if len(result.findings) > 0 {
		return result, nil
	}
	findings, linted, err := argoLint(ctx, files)
	switch {
	case err != nil:
		// The set as a whole is wrong, for example because two objects share a name.
		result.findings = append(result.findings, finding{File: load.label(paths[0]), Error: err.Error()})
	case !linted:
		result.findings = append(result.findings, finding{File: load.label(paths[0]), Error: "no Argo Workflows object to lint"})
	}
	for _, f := range findings {
		f.File = load.label(f.File)
		result.findings = append(result.findings, f)
	}
	return result, nil
}

// argoLint is "argo lint --offline --strict" over the files; it tells also whether there was anything to lint.
func argoLint(ctx context.Context, files []string) (findings []finding, linted bool, err error) {
	ctx, client, err := apiclient.NewClientFromOptsWithContext(ctx, apiclient.Opts{Offline: true, OfflineFiles: files})
	if err != nil {
		return nil, false, err
	}
	options := lint.LintOptions{Files: files, Strict: true}
	options.ServiceClients.WorkflowsClient = client.NewWorkflowServiceClient(ctx)
	if options.ServiceClients.WorkflowTemplatesClient, err = client.NewWorkflowTemplateServiceClient(); err != nil {
		return nil, false, err
	}
	if options.ServiceClients.CronWorkflowsClient, err = client.NewCronWorkflowServiceClient(); err != nil {
		return nil, false, err
	}
	if options.ServiceClients.ClusterWorkflowTemplateClient, err = client.NewClusterWorkflowTemplateServiceClient(); err != nil {
		return nil, false, err
	}
	results, err := lint.Lint(ctx, &options)
	if err != nil {
		return nil, false, err
	}
	for _, result := range results.Results {
		linted = linted || result.Linted
		for _, err := range result.Errs {
			findings = append(findings, lintFinding(result.File, err.Error()))
		}
	}
	return findings, linted, nil
}

// lintFinding takes the object's name and kind out of a message of Argo's linter.
func lintFinding(file, text string) finding {
	if parts := lintPrefix.FindStringSubmatch(text); parts != nil {
		return finding{File: file, Kind: parts[2], Name: parts[1], Error: parts[3]}
	}
	return finding{File: file, Error: text}
}
