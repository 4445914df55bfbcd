package server

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/authctl/authctl/authn"
	"github.com/authctl/authctl/store"
)

type statusResponse struct {
	Status string `json:"status"`
}

// healthz reports that the process is alive, whatever the state of the database.
func (s *Server) healthz(context.Context, *exchange, none) (statusResponse, error) {
	return statusResponse{Status: "ok"}, nil
}

// readyz reports whether a load balancer should send requests to this server.
func (s *Server) readyz(ctx context.Context, _ *exchange, _ none) (statusResponse, error) {
	if s.draining.Load() {
		return statusResponse{}, errDraining
	}
	if err := s.askStore(ctx); err != nil {
		return statusResponse{}, unready(err)
	}
	if err := s.authn.Cluster.Writes(); err != nil {
		return statusResponse{}, err
	}
	if err := s.authn.Cluster.Vouches(); err != nil {
		return statusResponse{}, err
	}
	if err := s.authn.Cluster.CheckClock(); err != nil {
		return statusResponse{}, err
	}
	if err := s.authn.Keys.CanSign(); err != nil {
		return statusResponse{}, err
	}
	if s.ready != nil {
		if err := s.ready(); err != nil {
			return statusResponse{}, &authn.Error{Code: authn.CodeUnavailable, Message: "this server needs an operator, its log says why", Err: err}
		}
	}
	return statusResponse{Status: "ready"}, nil
}

// askStore queries whether the store is ready and takes writes. Concurrent callers share one query:
// health checks have no rate limit, and a flood of them must not take the database's connections.
func (s *Server) askStore(ctx context.Context) error {
	answer := s.asking.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.timeouts.ready)
		defer cancel()
		if err := s.store.Ready(ctx); err != nil {
			return nil, err
		}
		return nil, s.store.Writable(ctx)
	})
	select {
	case a := <-answer:
		return a.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func unready(err error) error {
	if errors.Is(err, store.ErrSchema) {
		return &authn.Error{Code: authn.CodeSchema, Message: schemaMessage(err), Err: err}
	}
	if errors.Is(err, store.ErrReadOnly) {
		return &authn.Error{Code: authn.CodeUnavailable, Message: "the database takes no writes, it is read-only or a standby", Err: err}
	}
	return &authn.Error{Code: authn.CodeUnavailable, Message: "the database is unreachable", Err: err}
}

func schemaMessage(err error) string {
	var schema *store.SchemaError
	var refusal *store.Refusal
	switch {
	case errors.As(err, &refusal):
		return "the database's search path does not lead to authctl's tables alone, run: authctl migrate status"
	case !errors.As(err, &schema):
		return "the database schema is not the one this server was built for"
	case schema.Behind():
		return "the database schema is behind this server, run: authctl migrate up"
	default:
		return fmt.Sprintf("the database schema is at version %d and this server knows %d, run the newer authctl that migrated it", schema.Current, schema.Latest)
	}
}

//go:embed openapi.json
var openapiDocument []byte

// openapi returns the description of this API in OpenAPI 3.1.
func (s *Server) openapi(context.Context, *exchange, none) (jsontext.Value, error) {
	return openapiDocument, nil
}
