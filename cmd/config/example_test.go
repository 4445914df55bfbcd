package config

import (
	"os"
	"path/filepath"
	"testing"
)

// TestTheExampleIsWhatTheDeclarationsSay compares config.example.yaml with what "authctl config init" prints.
func TestTheExampleIsWhatTheDeclarationsSay(t *testing.T) {
	t.Parallel()
	want, err := Example()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join("..", "..", "config.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("config.example.yaml is not what the settings say of themselves: run go run . config init > config.example.yaml")
	}
}
