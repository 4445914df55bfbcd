package userfile

import (
	"bufio"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// sign is what files of a format have, and those of the formats after it have not.
type sign struct {
	format string
	all    []string // members of JSON, or columns of CSV, in the form of plainName
}

// jsonSigns returns the signs of JSON files, the surest first.
func jsonSigns() []sign {
	return []sign{
		{"keycloak", []string{"realm"}}, {"keycloak", []string{"credentials", "createdtimestamp"}}, {"keycloak", []string{"realmroles"}},
		{"keycloak", []string{"secretdata"}}, {"keycloak", []string{"username", "enabled", "emailverified"}},
		{"firebase", []string{"localid"}},
		{"django", []string{"model", "fields"}},
		{"kratos", []string{"traits"}},
		{"supertokens", []string{"loginmethods"}},
		{"zitadel", []string{"humanusers"}}, {"zitadel", []string{"dataorgs"}}, {"zitadel", []string{"orgid", "orgs"}},
		{"fusionauth", []string{"encryptionscheme"}}, {"fusionauth", []string{"registrations", "insertinstant"}},
		{"wordpress", []string{"userlogin", "userpass"}},
		{"aspnet", []string{"normalizedusername"}}, {"aspnet", []string{"securitystamp"}},
		{"clerk", []string{"passworddigest"}}, {"clerk", []string{"primaryemailaddress"}},
		{"gotrue", []string{"encryptedpassword"}}, {"gotrue", []string{"rawappmetadata"}},
		{"auth0", []string{"custompasswordhash"}}, {"auth0", []string{"oid"}}, {"auth0", []string{"passwordhash", "emailverified"}},
		{"better-auth", []string{"emailverified", "password"}}, {"better-auth", []string{"emailverified", "accounts"}}, {"better-auth", []string{"emailverified", "updatedat", "id"}},
		{"auth0", []string{"userid", "emailverified"}},
		{"auth0", []string{"email", "emailverified"}},
		{"authctl", []string{"username"}}, {"authctl", []string{"email", "passwordhash"}},
	}
}

// csvSigns returns the signs of CSV files, the surest first.
func csvSigns() []sign {
	return []sign{
		{"wordpress", []string{"userlogin", "userpass"}},
		{"gotrue", []string{"encryptedpassword"}},
		{"aspnet", []string{"username", "passwordhash", "normalizedusername"}}, {"aspnet", []string{"username", "passwordhash", "emailconfirmed"}},
		{"clerk", []string{"passworddigest"}},
		{"fusionauth", []string{"encryptionscheme"}},
		{"supertokens", []string{"passwordhash", "timejoined"}},
		{"better-auth", []string{"emailverified", "password"}},
		{"authctl", []string{"username"}}, {"authctl", []string{"email", "passwordhash"}},
	}
}

var (
	sqlBegin = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?i)^(--|#|/\*|(CREATE|INSERT|REPLACE|DROP|LOCK|SET|USE|START)\s)`)
	})
	yamlUsers  = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^(users|'users'|"users"):\s*(#.*)?$`) })
	errUnknown = errors.New("nothing at its beginning tells what wrote it: name the --format")
)

// head returns the beginning of what is to be read.
func head(in *bufio.Reader) string {
	text, _ := in.Peek(maxRecord)
	return string(text)
}

// looksLikeSQL reports whether a file begins as SQL does.
func looksLikeSQL(in *bufio.Reader) bool { return sqlBegin().MatchString(head(in)) }

// recognise returns the format of a file, by its beginning.
func recognise(in *bufio.Reader) (string, error) {
	text := head(in)
	line, _, _ := strings.Cut(text, "\n")
	line = strings.TrimRight(line, "\r")
	switch {
	case text[0] == '{' || text[0] == '[':
		return match(jsonSigns(), memberNames(text))
	case strings.HasPrefix(strings.ToLower(text), "dn:"), strings.HasPrefix(strings.ToLower(text), "version: 1"):
		return "ldif", nil
	case strings.HasPrefix(text, "#") && regexp.MustCompile(`(?mi)^dn:`).MatchString(text): // comments of ldapsearch
		return "ldif", nil
	case yamlUsers().MatchString(text):
		return "authelia", nil
	case sqlBegin().MatchString(text) && strings.Contains(text, "user_login"), looksLikeDump(text):
		return "wordpress", nil
	}
	var columns []string
	for column := range strings.SplitSeq(line, ",") {
		columns = append(columns, plainName(column))
	}
	if format, err := match(csvSigns(), columns); err == nil {
		return format, nil
	}
	for line := range strings.Lines(text) {
		switch line = strings.TrimSpace(line); {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.Count(line, ":") == 8:
			return "shadow", nil
		case strings.Count(line, ":") == 1 && !strings.Contains(line, ": "):
			return "htpasswd", nil
		default:
			return "", errUnknown
		}
	}
	return "", errUnknown
}

// looksLikeDump reports whether a text begins as the files of mysqldump and phpMyAdmin do.
func looksLikeDump(text string) bool {
	return strings.HasPrefix(text, "-- MySQL dump") || strings.HasPrefix(text, "-- MariaDB dump") || strings.HasPrefix(text, "-- phpMyAdmin SQL Dump") || strings.HasPrefix(text, "/*M!")
}

func match(signs []sign, names []string) (string, error) {
	for _, s := range signs {
		if !slices.ContainsFunc(s.all, func(name string) bool { return !slices.Contains(names, name) }) {
			return s.format, nil
		}
	}
	return "", errUnknown
}
