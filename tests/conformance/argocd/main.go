// Command argocd-conformance is Argo CD's own code around a plugin: the server that calls it, and the repository
// server that calls that.
//
//	argocd-conformance serve DIR        argocd-cmp-server, with the plugin.yaml of DIR
//	argocd-conformance ask              questions and answers, JSON lines on standard input and output
//	argocd-conformance kustomize DIR    what kustomize makes of a folder
//
// ARGOCD_PLUGINSOCKFILEPATH is the folder of the sockets and ARGOCD_CMP_WORKDIR the server's, for the server and for
// who asks it. The exit status is 2 when the question could not be asked.
package main

import (
	"errors"
	"fmt"
	"os"

	log "github.com/sirupsen/logrus"

	"github.com/argoproj/argo-cd/v3/cmpserver"
	"github.com/argoproj/argo-cd/v3/cmpserver/plugin"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

var errUsage = errors.New("usage: argocd-conformance serve DIR | ask | kustomize DIR")

func main() {
	log.SetOutput(os.Stderr)
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "serve":
		return serve(args[1])
	case len(args) == 1 && args[0] == "ask":
		log.SetLevel(log.ErrorLevel)
		return answer(os.Stdin, os.Stdout)
	case len(args) == 2 && args[0] == "kustomize":
		return kustomize(args[1])
	}
	return errUsage
}

// serve is argocd-cmp-server until it is told to end.
func serve(dir string) error {
	config, err := plugin.ReadPluginConfig(dir)
	if err != nil {
		return err
	}
	server, err := cmpserver.NewServer(plugin.CMPServerInitConstants{PluginConfig: *config})
	if err != nil {
		return err
	}
	server.Run()
	return nil
}

// kustomize prints what "kustomize build" does.
func kustomize(dir string) error {
	made, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		return err
	}
	text, err := made.AsYaml()
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(text)
	return err
}
