package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"time"
	_ "time/tzdata" // a CronJob's time zones must not depend on the machine

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/client-go/rest"
	basecompatibility "k8s.io/component-base/compatibility"
	logsapi "k8s.io/component-base/logs/api/v1"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
	controllermanager "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	"k8s.io/kubernetes/pkg/controller/job"
)

// The components are processes of their own, as in a cluster: they share neither flags nor feature gates nor logs.
const (
	apiServer   = "kube-apiserver"
	controllers = "kube-controller-manager"
)

// inherited is the first file descriptor after the standard streams: the API server's listener.
const inherited = 3

// runComponent is the whole life of a component's process, which ends at the latest when its parent's does.
func runComponent(name string, args []string) error {
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	if name == apiServer {
		return runAPIServer(args)
	}
	return runControllers(args)
}

// runAPIServer does what the command kube-apiserver does, except that it serves on the listener of its parent.
func runAPIServer(args []string) error {
	ctx := context.Background()
	server := options.NewServerRunOptions()
	flags := pflag.NewFlagSet(apiServer, pflag.ContinueOnError)
	for _, set := range server.Flags().FlagSets {
		flags.AddFlagSet(set)
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	globals := server.GenericServerRunOptions.ComponentGlobalsRegistry
	if err := globals.Set(); err != nil {
		return err
	}
	if err := logsapi.ValidateAndApply(server.Logs, globals.FeatureGateFor(basecompatibility.DefaultKubeComponent)); err != nil {
		return err
	}
	rest.SetDefaultWarningHandler(rest.NoWarnings{})

	listener, err := net.FileListener(os.NewFile(inherited, "listener"))
	if err != nil {
		return fmt.Errorf("no listener from the parent process: %w", err)
	}
	server.SecureServing.Listener = listener
	server.SecureServing.BindPort = listener.Addr().(*net.TCPAddr).Port
	completed, err := server.Complete(ctx)
	if err != nil {
		return err
	}
	if errs := completed.Validate(); len(errs) > 0 {
		return utilerrors.NewAggregate(errs)
	}
	return apiserver.Run(ctx, completed)
}

// pace is how fast the Job controller reacts, which is no flag of kube-controller-manager's.
type pace struct {
	jobBatch, podBackoff time.Duration
}

func (p *pace) register(flags *flag.FlagSet) {
	flags.DurationVar(&p.jobBatch, "job-batch", job.SyncJobBatchPeriod, "time to gather changes of a Job's pods")
	flags.DurationVar(&p.podBackoff, "pod-backoff", job.DefaultJobPodFailureBackOff, "time before a failed pod's successor, doubling")
}

// args hands the pace over to the process of the controllers.
func (p *pace) args() []string {
	return []string{"-job-batch", p.jobBatch.String(), "-pod-backoff", p.podBackoff.String(), "--"}
}

// runControllers does what the command kube-controller-manager does, at the pace that the first arguments ask for.
func runControllers(args []string) error {
	var p pace
	flags := flag.NewFlagSet(controllers, flag.ContinueOnError)
	p.register(flags)
	if err := flags.Parse(args); err != nil {
		return err
	}
	job.SyncJobBatchPeriod = p.jobBatch
	job.DefaultJobPodFailureBackOff = p.podBackoff

	command := controllermanager.NewControllerManagerCommand()
	command.SetArgs(flags.Args())
	if err := command.Execute(); err != nil {
		return err
	}
	return errors.New("the controllers have stopped")
}
