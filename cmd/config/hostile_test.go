package config

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// TestHostileConfiguration loads settings that are wrong, weak or contradictory.
// testdata/script/hostile.txtar checks what the commands then do.
func TestHostileConfiguration(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]func(*testing.T){
		"one fault":             oneFault,
		"several faults":        severalFaults,
		"a file that is none":   unreadableFiles,
		"a .env that is none":   unreadableDotenv,
		"a file for a secret":   filesForSecrets,
		"a secret given twice":  secretsGivenTwice,
		"a cost beyond memory":  costsBeyondMemory,
		"a made secret, broken": brokenMadeSecrets,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			row(t)
		})
	}
}

// oneFault has one case a line: a file, variables, the key that the message must name, and a
// part of the message.
func oneFault(t *testing.T) {
	folders := t // whose names do not repeat what is being tried
	for _, tt := range []struct {
		file, env string // env is separated by spaces
		key, says string
	}{
		{"enviroment: production", "", "enviroment", "did you mean environment?"},
		{"environment: staging", "", "environment", `production or development, not "staging"`},
		{"server: {prot: 1}", "", "server.prot", "did you mean server.port?"},
		{"jwt: {secret: {a: b}}", "", "jwt.secret.a", "is not a setting"},
		{"", "AUTHCTL_TOKEN_ACCESS_TTL=1m", "AUTHCTL_TOKEN_ACCESS_TTL", "did you mean AUTHCTL_TOKENS_ACCESS_TTL?"},
		{"database: {url: mysql://localhost/db}", "", "database.url", "postgres:// or sqlite:"},
		{"", "DATABASE_URL=sqlite:", "database.url", "path of a file"},
		{"", "DATABASE_URL=sqlite::memory:", "database.url", "path of a file"},
		{"", "DATABASE_URL=postgres://u:hunter2@db.example/db", "database.url", "sslmode=verify-full"},
		{"", "DATABASE_URL=postgres://u:hunter2@db.example/db?sslmode=require", "database.url", "verify-full"},
		{"", "DATABASE_URL=postgres://u:hun%ter2@localhost/db", "database.url", "percent-encoded"},
		{"database: {max_connections: 0}", "", "database.max_connections", "1 to 1000, not 0"},
		{"database: {max_connections: 1001}", "", "database.max_connections", "1 to 1000"},
		{"database: {max_connections: many}", "", "database.max_connections", "whole number"},
		{"database: {max_connections: 2.5}", "", "database.max_connections", "whole number"},
		{"database: {min_connections: 11}", "", "database.min_connections", "0 to max_connections (10)"},
		{"database: {connect_timeout: 30}", "", "database.connect_timeout", "has no unit"},
		{"database: {connect_timeout: 11m}", "", "database.connect_timeout", "0s to 10m0s"},
		{"database: {statement_timeout: 1ms}", "", "database.statement_timeout", "100ms to 1m0s"},
		{"database: {idle_in_transaction_timeout: 2h}", "", "database.idle_in_transaction_timeout", "to 1h0m0s"},
		{"database: {statement_cache: simple}", "", "database.statement_cache", "prepare or describe or none"},
		{"database: {insecure: maybe}", "", "database.insecure", "true or false"},
		{"", "AUTHCTL_DATABASE_INSECURE=maybe", "database.insecure", "neither true nor false"},
		{"server: {port: '8000'}", "", "server.port", "not a whole number"},
		{"server: {port: 65536}", "", "server.port", "out of range"},
		{"", "PORT=-1", "server.port", "out of range"},
		{"", "PORT=http", "server.port", `"http" is not a whole number`},
		{"server: {public_url: login.example}", "", "server.public_url", "http or https URL"},
		{"server: {public_url: 'ftp://login.example'}", "", "server.public_url", "http or https URL"},
		{"server: {public_url: 'https://login.example/?a=b'}", "", "server.public_url", "no query"},
		{"server: {public_url: 'http://login.example'}", "", "server.public_url", "must be https"},
		{"environment: development\nserver: {public_url: 'https://login.example'}", "", "environment", "is where people sign in: use production"},
		{"server: {trusted_origins: shop.example}", "", "server.trusted_origins", "list of texts"},
		{"server: {trusted_origins: ['https://shop.example/']}", "", "server.trusted_origins", "nothing more"},
		{"server: {trusted_origins: ['http://shop.example']}", "", "server.trusted_origins", "only for localhost"},
		{"server: {trusted_origins: ['https://shop.example:443']}", "", "server.trusted_origins", "no default port"},
		{"server: {trusted_origins: ['https://Shop.example']}", "", "server.trusted_origins", "lower case"},
		{"server: {admin_listen: nonsense}", "", "server.admin_listen", "must be host:port"},
		{"server: {admin_listen: '9000'}", "", "server.admin_listen", "must be host:port"},
		{"server: {admin_listen: '::1:9000'}", "", "server.admin_listen", "or [::1]:9000"},
		{"server: {admin_listen: 'http://127.0.0.1:9000'}", "", "server.admin_listen", "must be host:port"},
		{"server: {admin_listen: '127.0.0.1:'}", "", "server.admin_listen", "a port from 0 to 65535"},
		{"server: {admin_listen: '127.0.0.1:metrics'}", "", "server.admin_listen", "a port from 0 to 65535"},
		{"server: {admin_listen: '127.0.0.1:65536'}", "", "server.admin_listen", "a port from 0 to 65535"},
		{"server: {admin_listen: '*:9000'}", "", "server.admin_listen", "0.0.0.0 for every IPv4 address"},
		{"server: {admin_listen: '127.0.0.1:8000'}", "", "server.admin_listen", "where server.host and server.port already listen"},
		{"server: {admin_listen: 'localhost:8000'}", "", "server.admin_listen", "already listen"},
		{"server: {host: '::', admin_listen: '127.0.0.1:8000'}", "", "server.admin_listen", "already listen"},
		{"", "PORT=9000", "server.port", "where server.admin_listen (127.0.0.1:9000, for metrics) listens by default: change one of them (from env PORT)"},
		{"", "HOST=[::]", "server.host", "is written without brackets: :: (from env HOST)"},
		{"", "HOST=*", "server.host", `0.0.0.0 for every IPv4 address of this machine, :: for every address; not "*" (from env HOST)`},
		{"", "HOST=0.0.0.0:8000", "server.host", "server.port (PORT) is for the port (from env HOST)"},
		{"", "HOST=[::]:8000", "server.host", "server.port (PORT) is for the port"},
		{"", "HOST=localhost:8000", "server.host", "server.port (PORT) is for the port"},
		{"", "HOST=:8000", "server.host", "server.port (PORT) is for the port"},
		{"", "HOST=http://login.example", "server.host", "server.public_url is for the URL"},
		{"", "HOST=10.0.0.0/8", "server.host", "must be an address alone"},
		{"", "AUTHCTL_SERVER_HOST=256.1.1.1", "server.host", "not \"256.1.1.1\" (from env AUTHCTL_SERVER_HOST)"},
		{"", "HOST=127.0.0.01", "server.host", "must be an address"},
		{"server: {host: ' 127.0.0.1'}", "", "server.host", "must be an address"},
		{"server: {host: 'a..b'}", "", "server.host", "must be an address"},
		{"server: {host: 'unix:/run/authctl'}", "", "server.host", "must be an address alone"},
		{"server: {port: 65536}", "", "server.port", "65536 is out of range"},
		{"server: {port: -1}", "", "server.port", "-1 is out of range"},
		{"server: {admin_hosts: ['*']}", "", "server.admin_hosts", `"*" must be a host name`},
		{"server: {admin_hosts: ['authctl:9000']}", "", "server.admin_hosts", "without scheme and port"},
		{"server: {admin_hosts: ['']}", "", "server.admin_hosts", "must be a host name"},
		{"", "DATABASE_URL=sqlite://", "database.url", "path of a file"},
		{"", "DATABASE_URL=sqlite://:memory:", "database.url", "path of a file"},
		{"sessions: {max_per_user: -1}", "", "sessions.max_per_user", "0 to 10000"},
		{"revocation: {max_staleness: 1s}", "", "revocation.max_staleness", "5s to 10m0s"},
		{"", "DATABASE_URL=postgres://u:hunter2@localhost/db?default_query_exec_mode=simple_protocol", "database.url", "default_query_exec_mode"},
		{"server: {trusted_origins: ['*']}", "", "server.trusted_origins", "https://host[:port]"},
		{"server: {trusted_proxies: [10.0.0.1]}", "", "server.trusted_proxies", "networks, such as 10.0.0.0/8"},
		{"server: {trusted_proxies: [0.0.0.0/0]}", "", "server.trusted_proxies", "trusts everybody"},
		{"server: {drain_delay: 11m}", "", "server.drain_delay", "0s to 10m0s"},
		{"server: {drain_delay: -1s}", "", "server.drain_delay", "0s to 10m0s"},
		{"server: {shutdown_timeout: 0s}", "", "server.shutdown_timeout", "1s to 10m0s"},
		{"", "JWT_SECRET=short", "jwt.secret", "32"},
		{"", "JWT_SECRET=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "jwt.secret", "few different characters"},
		{"jwt: {secret: 12345678901234567890123456789012345}", "", "jwt.secret", "not a text"},
		{"jwt: {secret: [hunter2]}", "", "jwt.secret", "not a text"},
		{"password: {previous_peppers: [hunter2]}", "", "password.previous_peppers", "one of them must have at least 32 bytes"},
		{"password: {pepper: hunter2}", "", "password.pepper", "must have at least 32 bytes, this one has 7; make one with: authctl secret generate"},
		{"jwt: {secret: hunter2}", "", "jwt.secret", "must have at least 32 bytes, this one has 7; make one with: authctl secret generate"},
		{"password: {previous_peppers: hunter2}", "", "password.previous_peppers", "not a list of texts"},
		{"password: {previous_peppers: [{a: hunter2}]}", "", "password.previous_peppers", "not a list of texts"},
		{"hashing: {memory_budget: 63MiB}", "", "hashing.memory_budget", "at least password.argon2.memory (64MiB)"},
		{"hashing: {memory_budget: 64}", "", "hashing.memory_budget", "unit"},
		{"hashing: {memory_budget: automatic}", "", "hashing.memory_budget", "unit"},
		{"hashing: {workers: -1}", "", "hashing.workers", "auto, or 1 to 1024"},
		{"hashing: {workers: many}", "", "hashing.workers", "not a whole number"},
		{"hashing: {max_wait: 0s}", "", "hashing.max_wait", "10ms"},
		{"database: {url: [hunter2]}", "", "database.url", "not a text"},
		{"", "DATABASE_URL=mysql://u:hunter2@localhost/db", "database.url", "postgres:// or sqlite:"},
		{"", "DATABASE_URL=postgres://u@localhost/db?password=hunter2&sslmode=on", "database.url", "cannot be used"},
		{"jwt: {issuer: ''}", "", "jwt.issuer", "must not be empty"},
		{"tokens: {access_ttl: 900}", "", "tokens.access_ttl", "has no unit"},
		{"", "AUTHCTL_TOKENS_ACCESS_TTL=900", "tokens.access_ttl", "such as 90s, 15m or 168h"},
		{"", "ACCESS_TOKEN_EXPIRATION=9.5", "tokens.access_ttl", "such as 90s, 15m or 168h"},
		{"tokens: {access_ttl: 30s}", "", "tokens.access_ttl", "1m0s to 1h0m0s"},
		{"tokens: {access_ttl: 15 minutes}", "", "tokens.access_ttl", "such as 90s, 15m or 168h"},
		{"tokens: {access_ttl: 10m, refresh_ttl: 10m}", "", "tokens.access_ttl", "shorter than tokens.refresh_ttl"},
		{"tokens: {refresh_ttl: 2400h}", "", "tokens.refresh_ttl", "5m0s to 2160h0m0s"},
		{"tokens: {session_max_age: 24h}", "", "tokens.refresh_ttl", "not be longer than tokens.session_max_age (24h0m0s)"},
		{"tokens: {retry_window: 61s}", "", "tokens.retry_window", "0s to 1m0s"},
		{"", "ACCESS_TOKEN_EXPIRATION=-5", "tokens.access_ttl", "not a duration"},
		{"jwt: {issuer: " + strings.Repeat("x", 256) + "}", "", "jwt.issuer", "at most 255 bytes, not 256"},
		{"jwt: {audience: " + strings.Repeat("x", 256) + "}", "", "jwt.audience", "at most 255 bytes, not 256"},
		{"jwt: {client_id: " + strings.Repeat("x", 256) + "}", "", "jwt.client_id", "at most 255 bytes, not 256"},
		{"cookies: {secure: sometimes}", "", "cookies.secure", "auto or true or false"},
		{"cookies: {secure: 1}", "", "cookies.secure", "is not a true, false or auto"},
		{"cookies: {same_site: Lax}", "", "cookies.same_site", `lax or strict or none, not "Lax"`},
		{"cookies: {same_site: none}", "", "cookies.same_site", "needs cookies.secure: true"},
		{"cookies: {domain: 'https://example.com'}", "", "cookies.domain", "must be a host name"},
		{"cookies: {previous_domains: ['https://example.com']}", "", "cookies.previous_domains", `"https://example.com" must be a host name`},
		{"cookies: {previous_domains: ['']}", "", "cookies.previous_domains", "must be a host name"},
		{"cookies: {previous_domains: ['a; Secure']}", "", "cookies.previous_domains", "must be a host name"},
		{"cookies: {domain: example.com, previous_domains: [.Example.com]}", "", "cookies.previous_domains", "is the current cookies.domain"},
		{"cookies: {previous_domains: [a.example, A.example]}", "", "cookies.previous_domains", "is given twice"},
		{"cookies: {previous_domains: [a, b, c, d, e, f, g, h, i]}", "", "cookies.previous_domains", "at most 8, not 9"},
		{"cookies: {previous_domains: [ogin.example.com]}\nserver: {public_url: 'https://login.example.com'}", "", "cookies.previous_domains",
			"neither the host of server.public_url, login.example.com, nor a domain above it"},
		{"cookies: {host_prefix: true, domain: example.com}", "", "cookies.host_prefix", "cannot be combined with cookies.domain"},
		{"cookies: {secure: false}\nserver: {public_url: 'HTTPS://login.example.com'}", "", "cookies.secure", "there is HTTPS"},
		{"cookies: {host_prefix: true, secure: false}", "", "cookies.host_prefix", "true or auto"},
		{"password: {argon2: {memory: 65536}}", "", "password.argon2.memory", "has no unit"},
		{"password: {argon2: {memory: 64 megabytes}}", "", "password.argon2.memory", "such as 64MiB"},
		{"password: {argon2: {memory: 2GiB}}", "", "password.argon2.memory", "1GiB at most"},
		{"password: {argon2: {memory: 8MiB}}", "", "password.argon2", "weaker than production allows"},
		{"password: {argon2: {iterations: 0}}", "", "password.argon2", "iterations"},
		{"password: {argon2: {parallelism: 300}}", "", "password.argon2.parallelism", "300 is out of range"},
		{"password: {argon2: {memory: 64mib}}", "", "password.argon2.memory", "such as 64MiB"},
		{"password: {min_length: 7}", "", "password.min_length", "8 to 64"},
		{"accounts: {name_quarantine: -1s}", "", "accounts.name_quarantine", "0s to"},
		{"registration: false", "", "registration", "not a text"},
		{"registration: shut", "", "registration", "open or closed"},
		{"", "DATABASE_URL=postgres://u:hunter2@db.example/db?sslmode=disable", "database.url", "verify-full"},
		{"", "DATABASE_URL=postgres://u:hunter2@db.example/db?sslmode=allow", "database.url", "verify-full"},
		{"", "DATABASE_URL=postgres://u:hunter2@db.example/db?sslmode=prefer", "database.url", "verify-full"},
		{"", "DATABASE_URL=postgres://u:hunter2@db.example/db?sslmode=verify-ca", "database.url", "verify-full"},
		{"", "DATABASE_URL=postgres://u:hunter2@localhost,db.example/db?sslmode=disable", "database.url", "verify-full"},
		{"server: {public_url: 'https://u:hunter2@login.example'}", "", "server.public_url", "no query, fragment or user"},
		{"server: {public_url: 'https://login.example/#a'}", "", "server.public_url", "no query, fragment or user"},
		{"server: {public_url: '//login.example'}", "", "server.public_url", "http or https URL"},
		{"server: {public_url: 'javascript:alert(1)'}", "", "server.public_url", "http or https URL"},
		{"server: {cors: {allowed_origins: ['*']}}", "", "server.cors.allowed_origins", "https://host[:port]"},
		{"server: {cors: {allowed_origins: ['null']}}", "", "server.cors.allowed_origins", "https://host[:port]"},
		{"server: {cors: {allowed_origins: ['https://shop.example/']}}", "", "server.cors.allowed_origins", "nothing more"},
		{"server: {cors: {allowed_origins: ['https://shop.example/a']}}", "", "server.cors.allowed_origins", "nothing more"},
		{"server: {cors: {allowed_origins: ['http://shop.example']}}", "", "server.cors.allowed_origins", "only for localhost"},
		{`server: {cors: {allowed_origins: ['https://.*\.shop\.example']}}`, "", "server.cors.allowed_origins", "https://host[:port]"},
		{"server: {cors: {allowed_origins: ['https://*']}}", "", "server.cors.allowed_origins", "https://host[:port]"},
		{"server: {cors: {allowed_origins: ['https://*.com']}}", "", "server.cors.allowed_origins", "a domain of its own"},
		{"server: {trusted_origins: ['null']}", "", "server.trusted_origins", "https://host[:port]"},
		{"server: {trusted_proxies: ['::/0']}", "", "server.trusted_proxies", "trusts everybody"},
		{"server: {trusted_proxies: ['::ffff:0:0/96']}", "", "server.trusted_proxies", "trusts everybody"},
		{"server: {trusted_proxies: ['::ffff:10.0.0.0/8']}", "", "server.trusted_proxies", "96 or more"},
		{"server: {trusted_proxies: [10.0.0.0/33]}", "", "server.trusted_proxies", "networks, such as 10.0.0.0/8"},
		{"server: {trusted_proxies: [proxies.example]}", "", "server.trusted_proxies", "networks, such as 10.0.0.0/8"},
		{"server: {trusted_proxies: ['10.0.0.0/8, 11.0.0.0/8']}", "", "server.trusted_proxies", "networks, such as 10.0.0.0/8"},
		{"server: {forwarded_header: x-real-ip}", "", "server.forwarded_header", "x-forwarded-for or forwarded"},
		{"server: {hsts: true}", "", "server.hsts", "is not a text"},
		{"server: {hsts: includeSubDomains}", "", "server.hsts", "off or host or subdomains"},
		{"server: {max_connections: 9}", "", "server.max_connections", "10 to 1000000, not 9"},
		{"server: {max_connections_per_address: 10001}", "", "server.max_connections_per_address", "1 to server.max_connections (10000)"},
		{"server: {cors: ['https://shop.example']}", "", "server.cors", "is a section of settings such as server.cors.allowed_origins"},
		{"limits: false", "", "limits", "is a section of settings such as limits.enabled"},
		{"limits: {address: {login: 30}}", "", "limits.address.login", `"30" is not a rate`},
		{"limits: {address: {login: 30/5}}", "", "limits.address.login", `"30/5" is not a rate, such as 30/5m`},
		{"limits: {address: {register: 30/5m burst}}", "", "limits.address.register", "is not a rate"},
		{"limits: {address: {register: -1/5m}}", "", "limits.address.register", "is not a rate"},
		{"limits: {address: {refresh: 0/5m}}", "", "limits.address.refresh", "1 request or more per 1s to 24h"},
		{"limits: {address: {refresh: 30/5m burst 0}}", "", "limits.address.refresh", "1 request or more per 1s to 24h"},
		{"limits: {address: {other: 30/0s}}", "", "limits.address.other", "1 request or more per 1s to 24h"},
		{"limits: {address: {other: 1/25h}}", "", "limits.address.other", "1 request or more per 1s to 24h"},
		{"limits: {account: {free_failures: 0}}", "", "limits.account.free_failures", "must be 1 to 100, not 0"},
		{"limits: {enabled: false, account: {free_failures: 101}}", "", "limits.account.free_failures", "must be 1 to 100, not 101"},
		{"limits: {account: {free_failures: 21}}", "", "limits.account.free_failures_anywhere", "must be limits.account.free_failures (21) to 1000, not 20"},
		{"limits: {account: {free_failures_anywhere: 1001}}", "", "limits.account.free_failures_anywhere", "to 1000, not 1001"},
		{"limits: {account: {disable_password_after: 4}}", "", "limits.account.disable_password_after", "must be 0 for never, or limits.account.free_failures (5) to 100, not 4"},
		{"limits: {account: {disable_password_after: 101}}", "", "limits.account.disable_password_after", "to 100, not 101"},
		{"limits: {installation: {failures: 3000/2h}}", "", "limits.installation.failures", "per 1s to 1h"},
		{"limits: {installation: {failures: 3000/5m burst 10}}", "", "limits.installation.failures", "without a burst"},
		{"limits: {installation: {failures: 0/5m}}", "", "limits.installation.failures", "1 request or more"},
		{"limits: {account: {max_delay: 500ms}}", "", "limits.account.max_delay", "1s to 24h0m0s"},
		{"limits: {account: {max_delay_anywhere: 61m}}", "", "limits.account.max_delay_anywhere", "1s to 1h0m0s"},
		{"server: {port: .nan}", "", "server.port", "whole number"},
		{"tokens: {access_ttl: -15m}", "", "tokens.access_ttl", "1m0s to 1h0m0s"},
		{"tokens: {access_ttl: 0s}", "", "tokens.access_ttl", "1m0s to 1h0m0s"},
		{"tokens: {access_ttl: .inf}", "", "tokens.access_ttl", "has no unit"},
		{"tokens: {refresh_ttl: 999999h}", "", "tokens.refresh_ttl", "5m0s to 2160h0m0s"},
		{"tokens: {refresh_ttl: 99999999999h}", "", "tokens.refresh_ttl", "such as 90s, 15m or 168h"},
		{"", "JWT_SECRET=changeme-changeme-changeme-changeme", "jwt.secret", "sample"},
		{"", "JWT_SECRET=your-64-byte-hex-secret-key-here-exactly-64-characters-long", "jwt.secret", "sample"},
		{"jwt: {secret: '                                        '}", "", "jwt.secret", "few different characters"},
		{"jwt: {previous_secrets: [hunter2]}", "", "jwt.previous_secrets", "one of them must have at least 32 bytes"},
		{"jwt: {algorithm: none}", "", "jwt.algorithm", `not "none"`},
		{"jwt: {algorithm: hs256}", "", "jwt.algorithm", `not "hs256"`},
		{"cookies: {secure: 'false'}\nserver: {public_url: 'https://login.example'}", "", "cookies.secure", "contradicts server.public_url"},
		{"cookies: {secure: 'false'}\nserver: {host: 0.0.0.0}", "", "cookies.secure", "would send tokens to other machines unencrypted"},
		{"cookies: {same_site: none, secure: 'false'}", "", "cookies.same_site", "needs cookies.secure: true"},
		{"cookies: {domain: 'a; Secure'}", "", "cookies.domain", "must be a host name"},
		{"password: {argon2: {parallelism: 0}}", "", "password.argon2", "parallelism must be 1 to 16"},
		{"password: {argon2: {parallelism: 17}}", "", "password.argon2", "parallelism must be 1 to 16"},
		{"password: {argon2: {iterations: 21}}", "", "password.argon2", "iterations must be 1 to 20"},
		{"password: {argon2: {iterations: -1}}", "", "password.argon2.iterations", "out of range"},
		{"password: {argon2: {iterations: .nan}}", "", "password.argon2.iterations", "whole number"},
		{"password: {argon2: {memory: -64MiB}}", "", "password.argon2.memory", "such as 64MiB"},
		{"password: {argon2: {memory: 0KiB}}", "", "password.argon2", "memory must be 8 KiB to 1 GiB"},
		{"vault: {refresh_interval: 1m, max_age: 1m}", "", "vault.max_age", "longer than vault.refresh_interval (1m0s)"},
		{"log: {level: loud}", "", "log.level", `not "loud"`},
		{"log: {level: ''}", "", "log.level", "must be trace"},
		{"log: {format: text}", "", "log.format", "auto or json or console"},
	} {
		t.Run(strings.TrimSpace(tt.file+" "+tt.env), func(t *testing.T) {
			t.Parallel()
			_, err := Load(from(folders, tt.file, strings.Fields(tt.env)...))
			all, ok := errors.AsType[Faults](err)
			if !ok {
				t.Fatalf("got %v, want faults", err)
			}
			if !slices.ContainsFunc(all, func(f Fault) bool { return f.Key == tt.key && strings.Contains(f.Why, tt.says) }) {
				t.Errorf("got %q, want %s: …%s…", err, tt.key, tt.says)
			}
			for _, secret := range []string{"hunter2", "hun%ter2", "aaaa", "1234567890"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q tells a secret", err)
				}
			}
		})
	}
}

func severalFaults(t *testing.T) {
	_, err := Load(from(t, "tokens: {access_ttl: 2h}\nlog: {level: loud}\npassword: {min_length: 1}", "DATABASE_URL=mysql://x"))
	all, _ := errors.AsType[Faults](err)
	if len(all) != 4 {
		t.Errorf("got %d faults, want 4: %v", len(all), err)
	}
	_, err = Load(from(t, "", "JWT_SECRET=vault:kv/authctl", "AUTHCTL_PASSWORD_PEPPER=vault:kv/authctl#pepper", "AUTHCTL_JWT_PREVIOUS_SECRETS=vault:kv/authctl#old"))
	if all, _ = errors.AsType[Faults](err); len(all) != 1 || all[0].Key != "jwt.secret" || !strings.Contains(all[0].Why, "vault:PATH#FIELD") {
		t.Errorf("got %v, want one fault, of jwt.secret", err)
	}
	_, err = Load(from(t, "server: {prot: 1}\ntokens: {access_ttl: 900}", "AUTHCTL_NOTHING=1", "PORT=x"))
	if all, _ = errors.AsType[Faults](err); len(all) != 4 {
		t.Errorf("got %d faults, want 4: %v", len(all), err)
	}
}
