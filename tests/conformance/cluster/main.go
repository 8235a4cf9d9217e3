// Command cluster-conformance puts Kubernetes' own code, and JobSet's, to work on what dragoman renders.
//
//	cluster-conformance serve [-job-batch D] [-pod-backoff D] DIR    a control plane, until standard input closes
//	cluster-conformance judge                                        what an API server says of new objects (JSON lines)
//
// serve runs etcd, kube-apiserver and the controllers that Jobs, CronJobs, ownership, namespaces and service accounts
// need, on free ports of the loopback. When all of them have been seen at work it writes DIR/kubeconfig, whose user may do
// and impersonate everything, and prints "ready". There is neither scheduler nor kubelet: who runs the tests brings pods
// to life by patching their status. It stops on SIGINT, on SIGTERM and when its standard input ends, and takes all it
// started along; so let standard input be a pipe, never /dev/null. Only the logs stay, DIR/*.log, and spent credentials.
// The flags shorten two waits of the Job controller's: a second between a pod's change and its Job's, and 10 seconds,
// then doubling, before a failed pod's successor.
//
// judge decodes each object as strictly as fieldValidation=Strict does, sets Kubernetes' defaults and validates, all
// without a cluster, and answers {"errors": [...], "warnings": [...], "restricted": [...]}: why it would be refused, what
// kubectl would print, and what the Pod Security Standard "restricted" has against its pods. For a JobSet, the CRD and
// JobSet's webhooks are asked, then Kubernetes about each of its Jobs.
//
// The exit status is 0 when all went well, 2 when the question could not be asked.
package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
)

const usage = `usage: cluster-conformance serve [-job-batch DURATION] [-pod-backoff DURATION] DIR
       cluster-conformance judge < objects.jsonl
`

// errUsage is a command line that makes no sense; the usage text answers it.
var errUsage = errors.New("bad usage")

// streams are the three standard streams, replaceable in tests.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func main() {
	os.Exit(run(os.Args[1:], streams{bufio.NewReader(os.Stdin), os.Stdout, os.Stderr}))
}

// run dispatches one command line and returns the exit status.
func run(args []string, std streams) int {
	if len(args) == 0 {
		return complain(std, errUsage)
	}
	var err error
	switch name, rest := args[0], args[1:]; name {
	case "serve":
		err = serveCommand(context.Background(), rest, std)
	case "judge":
		err = judgeCommand(context.Background(), rest, std)
	case apiServer, controllers: // what "serve" makes of itself
		err = runComponent(name, rest)
	default:
		err = errUsage
	}
	if err != nil {
		return complain(std, err)
	}
	return 0
}

// complain reports why the question could not be asked.
func complain(std streams, err error) int {
	if errors.Is(err, errUsage) {
		fmt.Fprint(std.err, usage)
	} else {
		fmt.Fprintf(std.err, "cluster-conformance: %v\n", err)
	}
	return 2
}
