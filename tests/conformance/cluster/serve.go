package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

// startTimeout is generous: a machine that runs many tests at once is slow.
const startTimeout = 2 * time.Minute

// served are the controllers that what dragoman renders needs. Above all no garbage collector of pods:
// it would delete those that a test puts on a node there isn't.
var served = []string{
	"job-controller", "cronjob-controller", "ttl-after-finished-controller", "garbage-collector-controller",
	"namespace-controller", "serviceaccount-controller",
}

// serveCommand runs a control plane until it is told to stop, and fails if a part of it stops before.
func serveCommand(ctx context.Context, args []string, std streams) error {
	var p pace
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(std.err)
	p.register(flags)
	if err := flags.Parse(args); err != nil || flags.NArg() != 1 {
		return errUsage
	}
	dir, err := filepath.Abs(flags.Arg(0))
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		io.Copy(io.Discard, std.in)
		stop()
	}()

	plane := &plane{dir: dir, pace: p, failed: make(chan error, 2)}
	defer plane.stop()
	err = plane.start(ctx)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		return err
	}
	if err := plane.credentials.writeKubeconfig(plane.path("kubeconfig"), plane.address); err != nil {
		return err
	}
	fmt.Fprintln(std.out, "ready")
	select {
	case <-ctx.Done():
		return nil
	case err := <-plane.failed:
		return err
	}
}

// plane is a control plane.
type plane struct {
	dir         string
	pace        pace
	credentials *credentials
	address     net.Addr
	failed      chan error // gets the reason when a part stops by itself
	stops       []func()   // to be called from the last to the first
}

func (p *plane) path(name string) string { return filepath.Join(p.dir, name) }

// stop ends whatever runs, and returns when all of it is gone. Logs stay.
func (p *plane) stop() {
	for _, stop := range slices.Backward(p.stops) {
		stop()
	}
}

// start starts part after part and returns when all of them work. The controllers come last as they don't wait long
// for an API server.
func (p *plane) start(ctx context.Context) error {
	err := os.MkdirAll(p.dir, 0o700)
	if err != nil {
		return err
	}
	// Another cluster's data are not ours to remove.
	if err := os.Mkdir(p.path("etcd"), 0o700); err != nil {
		return fmt.Errorf("a cluster runs here, or was killed here: %w", err)
	}
	p.stops = append(p.stops, func() {
		os.RemoveAll(p.path("etcd")) // it is large
		os.Remove(p.path("kubeconfig"))
	})
	if p.credentials, err = newCredentials(p.dir); err != nil {
		return err
	}
	if err := p.startAPIServer(); err != nil {
		return err
	}
	probe, err := newProbe(p)
	if err != nil {
		return err
	}
	if err := probe.await(ctx, "the API server", probe.readyz); err != nil {
		return err
	}
	kubeconfig := p.path("controllers.kubeconfig")
	if err := p.credentials.writeKubeconfig(kubeconfig, p.address); err != nil {
		return err
	}
	if err := p.spawn(controllers, append(p.pace.args(), controllersArgs(kubeconfig)...)); err != nil {
		return err
	}
	return probe.controllers(ctx)
}

// startAPIServer starts etcd here and kube-apiserver as a child.
func (p *plane) startAPIServer() error {
	etcd, endpoint, err := startEtcd(p.dir)
	if err != nil {
		return err
	}
	p.stops = append(p.stops, etcd.Close)
	// The listener is made here so that the port is known at once and stays ours.
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	defer listener.Close()
	p.address = listener.Addr()
	socket, err := listener.File()
	if err != nil {
		return err
	}
	defer socket.Close()
	return p.spawn(apiServer, apiServerArgs(p.credentials, endpoint), socket)
}

// apiServerArgs are kube-apiserver's flags: its defaults, but for a life in a test.
func apiServerArgs(c *credentials, etcd string) []string {
	return []string{
		"--etcd-servers=" + etcd,
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--tls-cert-file=" + c.certificateFile(),
		"--tls-private-key-file=" + c.keyFile(),
		"--token-auth-file=" + c.tokensFile(),
		"--authorization-mode=RBAC",
		"--allow-privileged=true",
		"--service-account-issuer=https://127.0.0.1/",
		"--service-account-key-file=" + c.accountsFile(),
		"--service-account-signing-key-file=" + c.accountsFile(),
		"--service-cluster-ip-range=10.0.0.0/24",
		"--endpoint-reconciler-type=none", // the loopback is no address for an endpoint
		"--profiling=false",
	}
}

// controllersArgs are kube-controller-manager's flags.
func controllersArgs(kubeconfig string) []string {
	return []string{
		"--kubeconfig=" + kubeconfig,
		"--controllers=" + strings.Join(served, ","),
		"--leader-elect=false",
		"--secure-port=0",
		"--kube-api-qps=500",
		"--kube-api-burst=1000",
		"--profiling=false",
	}
}

// spawn starts this very program as a component. The child's standard input is a pipe that nobody writes to:
// it ends with this process, however that ends, and the child with it.
func (p *plane) spawn(name string, args []string, files ...*os.File) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	logFile := p.path(name + ".log")
	log, err := os.Create(logFile)
	if err != nil {
		return err
	}
	defer log.Close()
	child := exec.Command(self, append([]string{name}, args...)...)
	child.Stdout, child.Stderr = log, log
	child.ExtraFiles = files
	leash, err := child.StdinPipe()
	if err != nil {
		return err
	}
	if err := child.Start(); err != nil {
		return err
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		err := child.Wait()
		p.failed <- fmt.Errorf("%s has stopped (%v), see %s", name, err, logFile)
	}()
	p.stops = append(p.stops, func() {
		leash.Close()
		child.Process.Kill() // nothing of theirs needs tidying up
		<-gone
	})
	return nil
}
