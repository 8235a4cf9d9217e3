package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// credentials are what the API server proves and demands; all are made anew for each cluster.
type credentials struct {
	dir         string
	certificate []byte
	token       string
}

func (c *credentials) certificateFile() string { return filepath.Join(c.dir, "apiserver.crt") }
func (c *credentials) keyFile() string         { return filepath.Join(c.dir, "apiserver.key") }
func (c *credentials) accountsFile() string    { return filepath.Join(c.dir, "serviceaccounts.key") }
func (c *credentials) tokensFile() string      { return filepath.Join(c.dir, "tokens.csv") }

// newCredentials writes into dir what the API server reads from there.
func newCredentials(dir string) (*credentials, error) {
	c := &credentials{dir: dir, token: rand.Text()}
	key, err := writeKey(c.keyFile())
	if err != nil {
		return nil, err
	}
	if _, err := writeKey(c.accountsFile()); err != nil {
		return nil, err
	}
	if c.certificate, err = selfSigned(key); err != nil {
		return nil, err
	}
	if err := os.WriteFile(c.certificateFile(), c.certificate, 0o600); err != nil {
		return nil, err
	}
	admin := fmt.Sprintf("%s,admin,admin,system:masters\n", c.token)
	return c, os.WriteFile(c.tokensFile(), []byte(admin), 0o600)
}

// writeKey makes a private key; elliptic, for an RSA key takes long.
func writeKey(file string) (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	return key, os.WriteFile(file, text, 0o600)
}

// selfSigned is a certificate for the loopback that is its own authority.
func selfSigned(key *ecdsa.PrivateKey) ([]byte, error) {
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(now.UnixNano()),
		Subject:               pkix.Name{CommonName: "cluster-conformance"},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(30 * 24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:              []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

// writeKubeconfig writes how to reach the API server as its administrator; the file appears complete or not at all.
func (c *credentials) writeKubeconfig(file string, address net.Addr) error {
	const name = "cluster-conformance"
	config := clientcmdapi.NewConfig()
	config.Clusters[name] = &clientcmdapi.Cluster{Server: "https://" + address.String(), CertificateAuthorityData: c.certificate}
	config.AuthInfos[name] = &clientcmdapi.AuthInfo{Token: c.token}
	config.Contexts[name] = &clientcmdapi.Context{Cluster: name, AuthInfo: name, Namespace: "default"}
	config.CurrentContext = name
	if err := clientcmd.WriteToFile(*config, file+".part"); err != nil {
		return err
	}
	return os.Rename(file+".part", file)
}
