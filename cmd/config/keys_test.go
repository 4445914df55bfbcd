package config

import (
	"fmt"
	"strings"
	"testing"
)

func TestTheOperatorsVariableIsNoSetting(t *testing.T) {
	t.Parallel()
	src := from(t, "", OperatorVariable+"=alice")
	mustLoad(t, src)
	write(t, src.Dir+"/.env", OperatorVariable+"=alice\n", 0o600)
	_, err := Load(src)
	if want := fmt.Sprintf("%s: is read from the environment only, not from .env", OperatorVariable); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("in .env: got %v, want %s", err, want)
	}
}
