package mail

import "strings"

// browser is what a User-Agent says of itself, in words that mails may show.
type browser struct {
	Name   string // "Firefox", or the quoted name of another program; "" for a browser that is not known
	System string // "Windows"; "" when unknown
}

// agents are parts of a User-Agent and what they stand for. The first that is found counts, because
// browsers claim to be older ones too.
var agents = [][2]string{
	{"Edg/", "Microsoft Edge"}, {"EdgA/", "Microsoft Edge"}, {"EdgiOS/", "Microsoft Edge"},
	{"OPR/", "Opera"}, {"OPT/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Vivaldi/", "Vivaldi"},
	{"YaBrowser/", "Yandex Browser"}, {"DuckDuckGo/", "DuckDuckGo"}, {"Ddg/", "DuckDuckGo"},
	{"FxiOS/", "Firefox"}, {"Firefox/", "Firefox"},
	{"CriOS/", "Chrome"}, {"Chromium/", "Chromium"}, {"Chrome/", "Chrome"}, {"Version/", "Safari"},
}

var systems = [][2]string{
	{"Windows", "Windows"}, {"iPhone", "iOS"}, {"iPad", "iPadOS"}, {"Android", "Android"},
	{"CrOS", "ChromeOS"}, {"Macintosh", "macOS"}, {"Linux", "Linux"}, {"X11", "Linux"},
}

// maxProduct is the max length, in characters, of the name of a program that is not known.
const maxProduct = 32

// browserOf reads a User-Agent header (RFC 9110, section 10.1.5). Of a program that is not known it
// takes the first word alone: whoever sends a request for somebody else chooses this header, and
// must not get a sentence into that person's mail. It reports false when the header says nothing.
func browserOf(agent string, quoted func(string) string) (browser, bool) {
	if !strings.HasPrefix(agent, "Mozilla/") {
		product := agent
		if i := strings.IndexAny(agent, "/ ;,("); i >= 0 {
			product = agent[:i]
		}
		product = stranger(product, maxProduct)
		if product == "" {
			return browser{}, false
		}
		return browser{Name: quoted(product)}, true
	}
	return browser{find(agents, agent), find(systems, agent)}, true
}

func find(table [][2]string, agent string) string {
	for _, row := range table {
		if strings.Contains(agent, row[0]) {
			return row[1]
		}
	}
	return ""
}
