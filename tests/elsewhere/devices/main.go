// A command line that connects itself with golang.org/x/oauth2.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"

	"golang.org/x/oauth2"
)

func main() {
	issuer, ctx := os.Getenv("ISSUER"), context.Background()
	config := oauth2.Config{
		ClientID: os.Getenv("CLIENT_ID"),
		Scopes:   []string{"memories:read", "offline_access"},
		Endpoint: oauth2.Endpoint{
			DeviceAuthURL: issuer + "/oauth/device_authorization",
			TokenURL:      issuer + "/oauth/token",
		},
	}
	asked, err := config.DeviceAuth(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(asked.VerificationURIComplete)
	token, err := config.DeviceAccessToken(ctx, asked)
	var refused *oauth2.RetrieveError
	if errors.As(err, &refused) {
		fmt.Println(refused.ErrorCode)
	} else if err != nil {
		log.Fatal(err)
	} else {
		fmt.Println(token.AccessToken)
	}
}
