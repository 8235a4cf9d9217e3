package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/argoproj/argo-cd/v3/cmpserver/apiclient"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	repoapi "github.com/argoproj/argo-cd/v3/reposerver/apiclient"
	"github.com/argoproj/argo-cd/v3/reposerver/repository"
	"github.com/argoproj/argo-cd/v3/util/cmp"
	"github.com/argoproj/argo-cd/v3/util/git"
	utilio "github.com/argoproj/argo-cd/v3/util/io"
)

// question is one request of Argo CD's.
type question struct {
	ID   string `json:"id"`
	Call string `json:"call"` // check, match, parameters: of the plugin's server; generate: of the repository server

	Root       string   `json:"root"` // of the repository
	App        string   `json:"app"`  // the application's folder in it
	Socket     string   `json:"socket"`
	Env        []string `json:"env"`
	Exclusions []string `json:"exclusions"`
	Timeout    int      `json:"timeout"` // seconds

	// of generate: the Application, and what is known of its cluster
	Name        string                      `json:"name"`
	Project     string                      `json:"project"`
	Namespace   string                      `json:"namespace"`
	Source      *v1alpha1.ApplicationSource `json:"source"`
	KubeVersion string                      `json:"kubeVersion"`
	APIVersions []string                    `json:"apiVersions"`
	Paths       string                      `json:"paths"` // manifest-generate-paths; empty sends everything
}

// reply is its answer.
type reply struct {
	ID         string                           `json:"id"`
	Error      string                           `json:"error,omitempty"`
	Supported  bool                             `json:"supported"`
	Discovers  bool                             `json:"discovers"`
	Parameters []*repoapi.ParameterAnnouncement `json:"parameters,omitempty"`
	Manifests  []string                         `json:"manifests,omitempty"`
	Seconds    float64                          `json:"seconds"`
}

// answer reads questions and answers each as soon as it can, several at a time.
func answer(in io.Reader, out io.Writer) error {
	var writing sync.Mutex
	var waiting sync.WaitGroup
	encoder := json.NewEncoder(out)
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var asked question
		if err := json.Unmarshal(lines.Bytes(), &asked); err != nil {
			return err
		}
		waiting.Go(func() {
			start := time.Now()
			given, err := ask(asked)
			if err != nil {
				given.Error = err.Error()
			}
			given.ID, given.Seconds = asked.ID, time.Since(start).Seconds()
			writing.Lock()
			defer writing.Unlock()
			if err := encoder.Encode(given); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		})
	}
	waiting.Wait()
	return lines.Err()
}

func ask(asked question) (reply, error) {
	ctx := context.Background()
	if asked.Timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, time.Duration(asked.Timeout)*time.Second)
		defer cancel()
		ctx = limited
	}
	if asked.Call == "generate" {
		return generate(ctx, asked)
	}
	closer, client, err := apiclient.NewConfigManagementPluginClientSet(asked.Socket).NewConfigManagementPluginClient()
	if err != nil {
		return reply{}, err
	}
	defer utilio.Close(closer)
	switch asked.Call {
	case "match":
		return match(ctx, client, asked)
	case "parameters":
		return parameters(ctx, client, asked)
	}
	return reply{}, errors.New("no such call: " + asked.Call)
}

func match(ctx context.Context, client apiclient.ConfigManagementPluginServiceClient, asked question) (reply, error) {
	stream, err := client.MatchRepository(ctx)
	if err != nil {
		return reply{}, err
	}
	if err := send(ctx, asked, stream); err != nil {
		return reply{}, err
	}
	said, err := stream.CloseAndRecv()
	if err != nil {
		return reply{}, err
	}
	return reply{Supported: said.IsSupported, Discovers: said.IsDiscoveryEnabled}, nil
}

func parameters(ctx context.Context, client apiclient.ConfigManagementPluginServiceClient, asked question) (reply, error) {
	stream, err := client.GetParametersAnnouncement(ctx)
	if err != nil {
		return reply{}, err
	}
	if err := send(ctx, asked, stream); err != nil {
		return reply{}, err
	}
	said, err := stream.CloseAndRecv()
	if err != nil {
		return reply{}, err
	}
	return reply{Parameters: said.ParameterAnnouncements}, nil
}

func send(ctx context.Context, asked question, stream cmp.StreamSender) error {
	return cmp.SendRepoStream(ctx, filepath.Join(asked.Root, asked.App), asked.Root, stream, asked.Env, asked.Exclusions)
}

// generate is the repository server's whole way: .argocd-source files, discovery, the plugin, its manifests' objects.
func generate(ctx context.Context, asked question) (reply, error) {
	query := &repoapi.ManifestRequest{
		Repo:              &v1alpha1.Repository{Repo: asked.Source.RepoURL},
		AppName:           asked.Name,
		ProjectName:       asked.Project,
		Namespace:         asked.Namespace,
		ApplicationSource: asked.Source,
		KubeVersion:       asked.KubeVersion,
		ApiVersions:       asked.APIVersions,
		AppLabelKey:       "app.kubernetes.io/instance",
		TrackingMethod:    string(v1alpha1.TrackingMethodAnnotation),

		AnnotationManifestGeneratePaths: asked.Paths,
	}
	// who sends the tree says that it has, on a channel that somebody must read
	done := make(chan bool, 1)
	made, err := repository.GenerateManifests(
		ctx, filepath.Join(asked.Root, asked.App), asked.Root, "0123456789abcdef0123456789abcdef01234567", query, true,
		&git.NoopCredsStore{}, resource.MustParse("100M"), utilio.NewRandomizedTempPaths(os.TempDir()),
		repository.WithCMPTarDoneChannel(done), repository.WithCMPTarExcludedGlobs(asked.Exclusions),
		repository.WithCMPUseManifestGeneratePaths(asked.Paths != ""),
	)
	if err != nil {
		return reply{}, err
	}
	return reply{Manifests: made.Manifests}, nil
}
