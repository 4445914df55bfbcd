// The program drives the sample of a service for Go of docs/clients.md. Each line of standard input is a URL. It
// answers each with a line.
package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"sample/service"
)

func main() {
	client := service.Client(context.Background(), os.Getenv("SECRET"))
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		said := ""
		if resp, err := client.Get(lines.Text()); err != nil {
			said = "error " + err.Error()
		} else {
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			said = fmt.Sprint(resp.StatusCode, " ", string(body))
		}
		fmt.Println(strings.ReplaceAll(said, "\n", " "))
	}
}
