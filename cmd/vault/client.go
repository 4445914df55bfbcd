// Package vault reads secrets from HashiCorp Vault, or from OpenBao, which has the same API. The
// standard variables give the address and the trust settings: VAULT_ADDR, VAULT_TOKEN,
// VAULT_NAMESPACE, VAULT_CACERT and so on.
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

// The auth methods.
const (
	AuthToken      = "token"      // VAULT_TOKEN, or a file that holds it
	AuthAppRole    = "approle"    // a role id and a secret id
	AuthKubernetes = "kubernetes" // the service account of the pod
)

// CheckAuth returns an error, with text for a person, unless method is an auth method.
func CheckAuth(method string) error {
	switch method {
	case AuthToken, AuthAppRole, AuthKubernetes:
		return nil
	}
	return fmt.Errorf("must be %s or %s or %s, not %q", AuthToken, AuthAppRole, AuthKubernetes, method)
}

// Config is how this process authenticates to Vault.
type Config struct {
	Auth      string                 // AuthToken, AuthAppRole or AuthKubernetes
	Mount     string                 // mount path of the auth method; "" for the name of the method
	ReadToken func() (string, error) // AuthToken: reads the file that holds the token; nil for VAULT_TOKEN
	TokenPath string                 // AuthKubernetes: file with the service account's token; "" for the default path in pods
	RoleID    string                 // AuthAppRole
	SecretID  func() (string, error) // AuthAppRole: called at each login
	Role      string                 // AuthKubernetes
	Insecure  bool                   // allow plain HTTP to another machine, and an unverified certificate
}

// ErrAway means that Vault is unreachable or cannot serve any request. A later attempt may succeed.
var ErrAway = errors.New("no answer from Vault")

// Client reads secrets and renews its token. It is safe for concurrent use.
type Client struct {
	cfg Config
	api *api.Client

	mu        sync.Mutex
	loggedIn  bool
	renewable bool
	lease     time.Duration // lifetime of the token at its last renewal; 0 if it does not expire
	renewedAt time.Time

	refused     error // error with which Vault refused the secret id refusedWith
	refusedWith string
	refusedAt   time.Time
}

// refusedPause is the time before a refused secret id is tried again. By default Vault locks a role
// out for every client after five failures within 15 minutes.
const refusedPause = 5 * time.Minute

// New returns a client that has not sent a request yet. It fails when VAULT_ADDR or a setting of the
// auth method is missing, and when others on the network could read the secrets.
func New(cfg Config) (*Client, error) {
	conf := api.DefaultConfig()
	if conf.Error != nil {
		return nil, fmt.Errorf("a variable VAULT_… cannot be used: %w", conf.Error)
	}
	if os.Getenv(api.EnvVaultAddress) == "" && os.Getenv(api.EnvVaultAgentAddr) == "" {
		return nil, errors.New("VAULT_ADDR is not set in the environment (.env does not count): set it to the URL of Vault, such as https://vault.example.com:8200")
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
		conf.MaxRetries = 0 // the callers retry
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

// login gets a token, unless the client has one. The caller holds c.mu.
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

// loginAdvice returns what to do when Vault refuses a login.
var loginAdvice = map[string]string{
	AuthToken: "the token is wrong, revoked or expired: give a new one",
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

// takeToken takes the token from the configuration, and asks Vault for its lifetime.
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

// Renew renews the token when half of its lifetime is over, or logs in again when the token cannot
// be renewed. It returns the longest time until the next call; 0 for no limit.
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
			if c.lease > was/2 { // the token is not at its max TTL
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

// read reads a path. When Vault refuses the token, it tries once more with a new one: the
// old token may have been revoked or have expired unnoticed.
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

// advise classifies an error, and adds advice if Vault has refused the request.
func advise(err error, advice string) error {
	classified := classify(err)
	if _, answered := errors.AsType[*api.ResponseError](err); answered && !errors.Is(classified, ErrAway) {
		return fmt.Errorf("%w; %s", classified, advice)
	}
	return classified
}

// classify wraps temporary errors in [ErrAway], and puts every error on one line.
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
