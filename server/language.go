package server

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"golang.org/x/text/language"
)

const (
	maxLanguageBytes = 256 // of Accept-Language; the rest is not read
	maxLanguages     = 3
)

// languages returns the languages that a client accepts (RFC 9110, section 12.5.4), best first, as
// tags of language, script and region: "de-CH,de,en". It returns at most three, and "" when the
// client names none. It leaves out ranges that are no tags.
func languages(h http.Header) string {
	type accepted struct {
		tag    string
		weight float32
	}
	var all []accepted
	for entry := range strings.SplitSeq(wholeRanges(h), ",") {
		tags, weights, err := language.ParseAcceptLanguage(entry)
		if err != nil || len(tags) != 1 || !(weights[0] <= 1) {
			continue
		}
		if tag := plainTag(tags[0]); tag != "" {
			all = append(all, accepted{tag, weights[0]})
		}
	}
	slices.SortStableFunc(all, func(a, b accepted) int { return cmp.Compare(b.weight, a.weight) })
	var best []string
	for _, a := range all {
		if len(best) < maxLanguages && !slices.Contains(best, a.tag) {
			best = append(best, a.tag)
		}
	}
	return strings.Join(best, ",")
}

// wholeRanges returns the beginning of Accept-Language, cut between two ranges.
func wholeRanges(h http.Header) string {
	line := strings.Join(h["Accept-Language"], ",")
	if len(line) <= maxLanguageBytes {
		return line
	}
	line = line[:maxLanguageBytes]
	return line[:max(0, strings.LastIndexByte(line, ','))]
}

// plainTag returns a tag without variants and extensions, and "" for a tag without a language.
func plainTag(t language.Tag) string {
	base, script, region := t.Raw()
	tag := base.String()
	if tag == "und" || tag == "mul" {
		return ""
	}
	if s := script.String(); s != "Zzzz" {
		tag += "-" + s
	}
	if r := region.String(); r != "ZZ" {
		tag += "-" + r
	}
	return tag
}
