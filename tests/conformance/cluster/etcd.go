package main

import (
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
)

// startEtcd runs etcd within this process on a free port, and returns how to reach it. Nothing it stores is to
// survive, so it never waits for the disk.
func startEtcd(dir string) (*embed.Etcd, string, error) {
	loopback := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	config := embed.NewConfig()
	config.Dir = filepath.Join(dir, "etcd")
	config.ListenClientUrls, config.AdvertiseClientUrls = loopback, loopback
	config.ListenPeerUrls, config.AdvertisePeerUrls = loopback, loopback
	config.InitialCluster = config.InitialClusterFromName(config.Name)
	config.LogOutputs = []string{filepath.Join(dir, "etcd.log")}
	config.LogLevel = "warn"
	config.UnsafeNoFsync = true
	// The only member there is wins every election, the sooner the better.
	config.TickMs, config.ElectionMs = 10, 100

	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return nil, "", fmt.Errorf("etcd: %w", err)
	}
	select {
	case <-etcd.Server.ReadyNotify():
		return etcd, "http://" + etcd.Clients[0].Addr().String(), nil
	case err := <-etcd.Err():
		etcd.Close()
		return nil, "", fmt.Errorf("etcd: %w", err)
	case <-time.After(startTimeout):
		etcd.Close()
		return nil, "", fmt.Errorf("etcd is not ready after %s", startTimeout)
	}
}
