package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"broker/server/auth"
	"broker/server/command"
	"broker/server/openid"
)

// parseOpenID reads how people sign in at a provider; without an issuer there is none, and nothing about it may be set.
func (c *config) parseOpenID(values map[string]string) error {
	issuer := values["oidc-issuer"]
	for _, name := range []string{"oidc-client-id", "oidc-client-secret", "oidc-domains", "oidc-groups", "oidc-roles"} {
		if issuer == "" && values[name] != "" {
			return fmt.Errorf("%s is set without BROKER_OIDC_ISSUER: set both, or neither", command.Setting{Name: name}.Variable())
		}
	}
	if passwords := values["oidc-passwords"]; passwords != "on" && passwords != "off" {
		return fmt.Errorf("BROKER_OIDC_PASSWORDS: %q is neither on nor off", passwords)
	}
	if issuer == "" {
		if values["oidc-passwords"] == "off" {
			return errors.New("BROKER_OIDC_PASSWORDS is off without BROKER_OIDC_ISSUER: nobody could sign in")
		}
		return nil
	}
	address, err := url.Parse(issuer)
	if err != nil || address.Host == "" || address.RawQuery != "" || address.Fragment != "" {
		return fmt.Errorf("BROKER_OIDC_ISSUER: %q is not an address such as https://id.example.org", issuer)
	}
	if err := c.upstreams.CheckURL(address); err != nil {
		return fmt.Errorf("BROKER_OIDC_ISSUER: %w", err)
	}
	if values["oidc-client-id"] == "" {
		return errors.New("BROKER_OIDC_CLIENT_ID is not set: the provider says it when this server is registered there")
	}
	if values["oidc-name"] == "" {
		return errors.New("BROKER_OIDC_NAME is empty: people are told to sign in with it")
	}
	roles, err := openid.ParseRoles(values["oidc-roles"])
	if err != nil {
		return fmt.Errorf("BROKER_OIDC_ROLES: %w", err)
	}
	c.ownersAlone = values["oidc-passwords"] == "off"
	c.openid = &openid.Config{
		Issuer: address, ClientID: values["oidc-client-id"], ClientSecret: values["oidc-client-secret"], Name: values["oidc-name"],
		Domains: openid.List(values["oidc-domains"]), Groups: openid.List(values["oidc-groups"]), GroupsClaim: values["oidc-groups-claim"], Roles: roles,
	}
	return nil
}

// noProvider answers the routes of a sign-in at a provider where there is none.
func noProvider(w http.ResponseWriter, _ *http.Request) {
	refuseSignIn(w, &auth.Refusal{Status: http.StatusNotFound, Code: auth.CodeNotFound, Message: "There is no sign-in service here. Sign in with a password."})
}

// refuseSignIn answers a refusal on these routes.
func refuseSignIn(w http.ResponseWriter, refusal *auth.Refusal) { refusal.Write(w) }
