// The program verifies tokens with a sample of docs/keys.md, which a test puts into the folder
// verify. Tokens are lines of standard input. It answers each with a line: good and the user's id, or
// refused and why.
package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"verifiers/verify"
)

func main() {
	ctx := context.Background()
	check, err := verify.New(ctx)
	if err != nil {
		fmt.Fprintln(os.Stderr, "start:", err)
		os.Exit(1)
	}
	tokens := bufio.NewScanner(os.Stdin)
	for tokens.Scan() {
		user, err := check(ctx, tokens.Text())
		if err != nil {
			fmt.Println("refused", strings.ReplaceAll(err.Error(), "\n", " "))
			continue
		}
		fmt.Println("good", user)
	}
}
