// Package vault reads secrets from HashiCorp Vault, or from OpenBao, which speaks the same
// protocol. Where it is and how it is trusted say the customary variables: VAULT_ADDR,
// VAULT_TOKEN, VAULT_NAMESPACE, VAULT_CACERT and their kin.
package vault

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/hashicorp/vault/api/auth/approle"
	"github.com/hashicorp/vault/api/auth/kubernetes"
)

// The ways to log in.
const (
	AuthToken      = "token"      // VAULT_TOKEN, or a file that holds it
	AuthAppRole    = "approle"    // a role id and a secret id
	AuthKubernetes = "kubernetes" // the service account of the pod
)

// Config says who this process is to Vault.
type Config struct {
	Auth      string                 // AuthToken, AuthAppRole or AuthKubernetes
	Mount     string                 // where the way to log in is mounted; "" for its own name
	ReadToken func() (string, error) // AuthToken: reads the file that holds the token; nil for VAULT_TOKEN
	TokenPath string                 // AuthKubernetes: the service account's token; "" for where pods have it
	RoleID    string                 // AuthAppRole
	SecretID  func() (string, error) // AuthAppRole: asked at each login
	Role      string                 // AuthKubernetes
	Insecure  bool                   // also over plain HTTP to another machine, or without verifying the certificate
}

// ErrAway means that Vault cannot be reached, or answers for nobody: it may be back soon.
var ErrAway = errors.New("no answer from Vault")

// Client reads secrets, and keeps its token alive. It is safe for concurrent use.
type Client struct {
	cfg Config
	api *api.Client

	mu        sync.Mutex
	loggedIn  bool
	renewable bool
	lease     time.Duration // that the token was last given; 0 for no end
	renewedAt time.Time

	refused     error // what Vault said to refusedWith, a secret id
	refusedWith string
	refusedAt   time.Time
}

// refusedPause is how long a secret id that was refused is not tried again. By default Vault locks
// a role out for everybody after five failures within a quarter of an hour.
const refusedPause = 5 * time.Minute

// New returns a client, which has not asked anything yet. It fails when VAULT_ADDR, or
// what the way to log in needs, is missing, and when others could read the secrets on their way.
func New(cfg Config) (*Client, error) {
	conf := api.DefaultConfig()
	if conf.Error != nil {
		return nil, fmt.Errorf("a variable VAULT_… cannot be used: %w", conf.Error)
	}
	if os.Getenv(api.EnvVaultAddress) == "" && os.Getenv(api.EnvVaultAgentAddr) == "" {
		return nil, errors.New("VAULT_ADDR is not set in the environment, where .env does not count: it says where Vault is, such as https://vault.example.com:8200")
	}
	switch {
	case cfg.Auth == AuthToken && cfg.ReadToken == nil && os.Getenv(api.EnvVaultToken) == "":
		return nil, errors.New("there is no token for Vault: set VAULT_TOKEN or vault.token_file, or choose another vault.auth")
	case cfg.Auth == AuthAppRole && (cfg.RoleID == "" || cfg.SecretID == nil):
		return nil, errors.New("vault.auth: approle needs vault.role_id and vault.secret_id")
	case cfg.Auth == AuthKubernetes && cfg.Role == "":
		return nil, errors.New("vault.auth: kubernetes needs vault.role")
	}
	if os.Getenv(api.EnvVaultMaxRetries) == "" {
		conf.MaxRetries = 0 // whoever asks does so again
	}
	client, err := api.NewClient(conf)
	if err != nil {
		return nil, fmt.Errorf("VAULT_ADDR cannot be used, it must be such as https://vault.example.com:8200: %w", err)
	}
	if !cfg.Insecure {
		if err := secureChannel(conf, client.Address()); err != nil {
			return nil, err
		}
	}
	return &Client{cfg: cfg, api: client}, nil
}

// login gets a token, unless there is one. c.mu is held.
func (c *Client) login(ctx context.Context) error {
	if c.loggedIn {
		return nil
	}
	var auth *api.SecretAuth
	var err error
	switch c.cfg.Auth {
	case AuthAppRole:
		auth, err = c.loginAppRole(ctx)
	case AuthKubernetes:
		auth, err = c.loginKubernetes(ctx)
	default:
		auth, err = c.takeToken(ctx)
	}
	if err != nil {
		return fmt.Errorf("log in to Vault (%s): %w", c.cfg.Auth, advise(err, loginAdvice[c.cfg.Auth]))
	}
	c.took(auth)
	return nil
}

// loginAdvice says what is to be done when a login is refused.
var loginAdvice = map[string]string{
	AuthToken: "the token is wrong, revoked, or its life is over: give a new one",
	AuthAppRole: "are vault.role_id, vault.secret_id and vault.mount right, and is the secret id neither used up nor destroyed? " +
		"Vault also locks a role out for some minutes after failures",
	AuthKubernetes: "are vault.role and vault.mount right, and may this service account take the role?",
}

func (c *Client) took(auth *api.SecretAuth) {
	c.loggedIn, c.renewedAt = true, time.Now()
	c.renewable, c.lease = auth.Renewable, time.Duration(auth.LeaseDuration)*time.Second
}

func (c *Client) loginAppRole(ctx context.Context) (*api.SecretAuth, error) {
	secretID, err := c.cfg.SecretID()
	if err != nil {
		return nil, err
	}
	if c.refused != nil && secretID == c.refusedWith && time.Since(c.refusedAt) < refusedPause {
		return nil, c.refused
	}
	var options []approle.LoginOption
	if c.cfg.Mount != "" {
		options = append(options, approle.WithMountPath(c.cfg.Mount))
	}
	method, err := approle.NewAppRoleAuth(c.cfg.RoleID, &approle.SecretID{FromString: secretID}, options...)
	if err != nil {
		return nil, err
	}
	auth, err := c.loginWith(ctx, method)
	c.refused = nil
	if _, answered := errors.AsType[*api.ResponseError](err); answered && !errors.Is(classify(err), ErrAway) {
		c.refused, c.refusedWith, c.refusedAt = err, secretID, time.Now()
	}
	return auth, err
}

func (c *Client) loginKubernetes(ctx context.Context) (*api.SecretAuth, error) {
	var options []kubernetes.LoginOption
	if c.cfg.Mount != "" {
		options = append(options, kubernetes.WithMountPath(c.cfg.Mount))
	}
	if c.cfg.TokenPath != "" {
		options = append(options, kubernetes.WithServiceAccountTokenPath(c.cfg.TokenPath))
	}
	method, err := kubernetes.NewKubernetesAuth(c.cfg.Role, options...)
	if err != nil {
		return nil, err
	}
	return c.loginWith(ctx, method)
}

func (c *Client) loginWith(ctx context.Context, method api.AuthMethod) (*api.SecretAuth, error) {
	c.api.ClearToken()
	secret, err := c.api.Auth().Login(ctx, method)
	if err != nil {
		return nil, err
	}
	if secret == nil || secret.Auth == nil {
		return nil, errors.New("there is no token in the answer")
	}
	return secret.Auth, nil
}

// takeToken takes the token that was given, and asks how long it will live.
func (c *Client) takeToken(ctx context.Context) (*api.SecretAuth, error) {
	if c.cfg.ReadToken != nil {
		token, err := c.cfg.ReadToken()
		if err != nil {
			return nil, err
		}
		c.api.SetToken(token)
	}
	self, err := c.api.Auth().Token().LookupSelfWithContext(ctx)
	if err != nil {
		return nil, err
	}
	left, err := self.TokenTTL()
	if err != nil {
		return nil, err
	}
	renewable, err := self.TokenIsRenewable()
	return &api.SecretAuth{Renewable: renewable, LeaseDuration: int(left / time.Second)}, err
}

// Renew lengthens the life of the token when half of it is over, or logs in again when it
// cannot be lengthened. It returns when it should be called next at the latest; 0 for
// whenever.
func (c *Client) Renew(ctx context.Context) (time.Duration, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.login(ctx); err != nil {
		return 0, err
	}
	if c.lease == 0 {
		return 0, nil
	}
	if left := c.lease/2 - time.Since(c.renewedAt); left > 0 {
		return left, nil
	}
	if c.renewable {
		secret, err := c.api.Auth().Token().RenewSelfWithContext(ctx, 0)
		if err == nil && secret != nil && secret.Auth != nil && secret.Auth.LeaseDuration > 0 {
			was := c.lease
			c.took(secret.Auth)
			if c.lease > was/2 { // it is not at the end of its longest life
				return c.lease / 2, nil
			}
		} else if err = classify(err); errors.Is(err, ErrAway) {
			return 0, err
		}
	}
	c.loggedIn = false
	if err := c.login(ctx); err != nil {
		return 0, err
	}
	return c.lease / 2, nil
}

// read asks for a path, once more with a fresh token when the token is refused: it may
// have been revoked, or have died while nobody looked.
func (c *Client) read(ctx context.Context, path string, query map[string][]string, advice string) (*api.Secret, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for again := false; ; again = true {
		if err := c.login(ctx); err != nil {
			return nil, err
		}
		secret, err := c.api.Logical().ReadWithDataWithContext(ctx, path, query)
		if err == nil {
			return secret, nil
		}
		if refused, ok := errors.AsType[*api.ResponseError](err); !ok || refused.StatusCode != http.StatusForbidden || again {
			return nil, advise(err, advice)
		}
		c.loggedIn = false
	}
}

// advise classifies an error, and adds what is to be done if Vault has refused.
func advise(err error, advice string) error {
	classified := classify(err)
	if _, answered := errors.AsType[*api.ResponseError](err); answered && !errors.Is(classified, ErrAway) {
		return fmt.Errorf("%w; %s", classified, advice)
	}
	return classified
}

// classify makes the errors that may pass over [ErrAway], and one line of all.
func classify(err error) error {
	if err == nil {
		return nil
	}
	answer, answered := errors.AsType[*api.ResponseError](err)
	switch {
	case errors.As(err, new(inClearError)):
		return err
	case !answered && !errors.Is(err, context.Canceled) && isNetwork(err):
		return fmt.Errorf("%w: %w", ErrAway, err)
	case !answered:
		return err
	case answer.StatusCode >= 500 || answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode == http.StatusPreconditionFailed:
		return fmt.Errorf("%w: %s", ErrAway, said(answer))
	case answer.StatusCode == http.StatusForbidden:
		return fmt.Errorf("it refuses (403): %s", said(answer))
	default:
		return fmt.Errorf("it answers %d: %s", answer.StatusCode, said(answer))
	}
}
