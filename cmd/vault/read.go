package vault

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"strings"

	"github.com/hashicorp/vault/api"
)

const scheme = "vault:"

// Reference names a field of a secret in a KV engine of version 1 or 2, written
// vault:PATH#FIELD. PATH begins with the mount and has no data/ in it.
type Reference struct{ Path, Field string }

// IsReference reports whether a value is meant as a [Reference].
func IsReference(value string) bool { return strings.HasPrefix(value, scheme) }

// ParseReference parses a value for which [IsReference] is true.
func ParseReference(value string) (Reference, error) {
	path, field, ok := strings.Cut(strings.TrimPrefix(value, scheme), "#")
	if path = strings.Trim(path, "/"); !ok || path == "" || field == "" || !strings.Contains(path, "/") {
		return Reference{}, errors.New("must be vault:PATH#FIELD, such as vault:secret/authctl#jwt_secret")
	}
	return Reference{path, field}, nil
}

func (r Reference) String() string { return scheme + r.Path + "#" + r.Field }

// Value is the content of the field that a [Reference] names.
type Value struct {
	Text     string
	Cut      bool   // whether a line break at the end was removed from Text
	Version  int    // 0 for an engine without versions (KV version 1)
	Previous string // the value before this one; "" when there is none, or it is deleted or too many versions back
}

// Versions says which versions of a secret to read.
type Versions int

// The versions to read.
const (
	Newest Versions = iota
	NewestAndPrevious
)

// Read reads a secret. It fails with [ErrAway] when a
// later attempt may succeed.
func (c *Client) Read(ctx context.Context, ref Reference, versions Versions) (Value, error) {
	v, err := c.readKV(ctx, ref, versions)
	if err != nil {
		return Value{}, fmt.Errorf("%s: %w", ref, err)
	}
	return v, nil
}

func (c *Client) readKV(ctx context.Context, ref Reference, versions Versions) (Value, error) {
	mount, versioned, err := c.mountOf(ctx, ref.Path)
	if err != nil {
		return Value{}, err
	}
	if !versioned {
		secret, err := c.read(ctx, ref.Path, nil, policyFor(ref.Path))
		if err != nil {
			return Value{}, err
		}
		if secret == nil {
			return Value{}, errors.New("there is no such secret")
		}
		text, cut, err := field(secret.Data, ref.Field)
		return Value{Text: text, Cut: cut}, err
	}
	below := strings.TrimPrefix(ref.Path, mount)
	path := mount + "data/" + below
	data, version, err := c.readVersion(ctx, path, 0)
	if err == nil && data == nil {
		err = errors.New("there is no such secret, or its latest version is deleted")
	}
	if rest, ok := strings.CutPrefix(below, "data/"); ok && err != nil && !errors.Is(err, ErrAway) {
		err = fmt.Errorf("%w; was %s meant, without data/?", err, Reference{mount + rest, ref.Field})
	}
	if err != nil {
		return Value{}, err
	}
	v := Value{Version: version}
	if v.Text, v.Cut, err = field(data, ref.Field); err != nil {
		return Value{}, err
	}
	if versions == NewestAndPrevious {
		v.Previous, err = c.readPrevious(ctx, path, ref.Field, v)
	}
	return v, err
}

const mostVersions = 10 // read at most; a KV engine keeps as many by default

// readPrevious returns the previous value of a field. It may be several versions back, because
// other fields of the secret may have changed since.
func (c *Client) readPrevious(ctx context.Context, path, name string, v Value) (string, error) {
	for version := v.Version - 1; version > max(0, v.Version-mostVersions); version-- {
		data, _, err := c.readVersion(ctx, path, version)
		if errors.Is(err, ErrAway) {
			return "", err
		}
		if err != nil { // a policy may allow the latest one only
			return "", nil
		}
		if text, _, err := field(data, name); err == nil && text != v.Text {
			return text, nil
		}
	}
	return "", nil
}

// mountOf returns the mount of a path, with a slash at its end, and whether it keeps versions. It
// fails if the mount is not a KV engine.
func (c *Client) mountOf(ctx context.Context, path string) (mount string, versioned bool, err error) {
	secret, err := c.read(ctx, "sys/internal/ui/mounts/"+path, nil,
		"is nothing mounted there, or does no policy of the token allow anything below it?")
	if err != nil {
		return "", false, err
	}
	if secret == nil {
		return "", false, errors.New("nothing is mounted there")
	}
	if kind, _ := secret.Data["type"].(string); kind != "kv" && kind != "generic" {
		return "", false, fmt.Errorf("%q is not a KV engine", kind)
	}
	mount, _ = secret.Data["path"].(string)
	if !strings.HasPrefix(path+"/", mount) || mount == "" {
		return "", false, fmt.Errorf("the answer does not name its mount")
	}
	options, _ := secret.Data["options"].(map[string]any)
	return mount, options["version"] == "2", nil
}

// readVersion reads a version of a secret, or the latest for 0. data is nil for a deleted version.
func (c *Client) readVersion(ctx context.Context, path string, version int) (data map[string]any, actual int, err error) {
	var query map[string][]string
	if version > 0 {
		query = map[string][]string{"version": {fmt.Sprint(version)}}
	}
	secret, err := c.read(ctx, path, query, policyFor(path))
	if err != nil || secret == nil {
		return nil, 0, err
	}
	metadata, _ := secret.Data["metadata"].(map[string]any)
	if number, ok := metadata["version"].(json.Number); ok {
		n, err := number.Int64()
		if err != nil {
			return nil, 0, errors.New("its version is not a number")
		}
		actual = int(n)
	}
	data, _ = secret.Data["data"].(map[string]any)
	return data, actual, nil
}

func policyFor(path string) string {
	return fmt.Sprintf("a policy of the token must allow to read %q", path)
}

// field returns the text of a field without a line break at its end. cut reports whether there was one:
// "vault kv put secret/authctl jwt_secret=@file" stores that of the file.
func field(data map[string]any, name string) (text string, cut bool, err error) {
	value, there := data[name]
	if !there {
		return "", false, fmt.Errorf("there is no field %q", name)
	}
	text, ok := value.(string)
	if text, cut = strings.CutSuffix(text, "\n"); cut {
		text = strings.TrimSuffix(text, "\r")
	}
	if !ok || text == "" {
		return "", false, fmt.Errorf("the field %q is not a text, or an empty one", name)
	}
	return text, cut, nil
}

// isNetwork reports whether an error comes from the network.
func isNetwork(err error) bool {
	if _, file := errors.AsType[*fs.PathError](err); file {
		return false
	}
	_, viaURL := errors.AsType[*url.Error](err)
	_, viaNet := errors.AsType[net.Error](err)
	return viaURL || viaNet || errors.Is(err, context.DeadlineExceeded)
}

// said returns the errors of an answer of Vault, on one line.
func said(e *api.ResponseError) string {
	if e.RawError || len(e.Errors) == 0 {
		return "without a reason"
	}
	var all []string
	for line := range strings.Lines(strings.Join(e.Errors, "\n")) {
		if line = strings.TrimPrefix(strings.Join(strings.Fields(line), " "), "* "); line != "" && !strings.HasSuffix(line, " occurred:") {
			all = append(all, line)
		}
	}
	return strings.Join(all, "; ")
}
