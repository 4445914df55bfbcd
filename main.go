// Command authctl is an authentication service and the tool that administers it.
package main

import (
	"os"

	"github.com/authctl/authctl/cmd"
)

func main() { os.Exit(cmd.Main()) }
