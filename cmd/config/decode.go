package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
)

// decode sets out, a field, to a value from a file or a variable. It is strict: a number is no text,
// a text is no list, and it never guesses a unit. The value of a variable is always a text, and
// commas separate the items of a list in it.
func decode(value any, out reflect.Value, fromText bool) error {
	text, isText := value.(string)
	switch out.Interface().(type) {
	case []Client:
		clients, err := decodeClients(value, fromText)
		out.Set(reflect.ValueOf(clients))
		return err
	case autoSize, autoNumber:
		if value == Auto {
			out.SetInt(0)
			return nil
		}
	}
	switch out.Interface().(type) {
	case requestRate:
		r, err := parseRate(fmt.Sprint(value))
		out.Set(reflect.ValueOf(r))
		return err
	case time.Duration, Size, autoSize:
		if !isText {
			return fmt.Errorf("%v has no unit, write it as in 15m, 10s or 64MiB", value)
		}
		if _, ok := out.Interface().(time.Duration); !ok {
			n, err := ParseSize(text)
			out.SetInt(int64(n))
			return err
		}
		d, err := ParseDuration(text)
		out.SetInt(int64(d))
		return err
	case []string, []SecretText, []netip.Prefix:
		if isText && fromText {
			value = splitList(text)
		}
	case autoBool: // true and false without quotes are not text in YAML, JSON and TOML
		if b, ok := value.(bool); ok {
			out.SetString(strconv.FormatBool(b))
			return nil
		}
	case bool:
		if isText && fromText {
			b, err := strconv.ParseBool(text)
			out.SetBool(b)
			if err != nil {
				return fmt.Errorf("%q is neither true nor false", text)
			}
			return nil
		}
	case int, int32, uint8, uint16, uint32, autoNumber:
		if isText && !fromText {
			return fmt.Errorf("%q is a text, not a whole number", text)
		}
		return decodeInteger(fmt.Sprint(value), out)
	}
	d, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		Result:     out.Addr().Interface(),
		DecodeHook: mapstructure.StringToNetIPPrefixHookFunc(),
	})
	if err != nil {
		return err
	}
	if d.Decode(value) != nil {
		return fmt.Errorf("%v is not a %s", value, kindName(out))
	}
	return nil
}

// decodeInteger sets an integer field from a text. It fails for a fraction and for an overflow. The
// decoder of the other types would truncate and wrap around.
func decodeInteger(text string, out reflect.Value) error {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return fmt.Errorf("%q is not a whole number", text)
	}
	switch {
	case out.CanInt() && !out.OverflowInt(n):
		out.SetInt(n)
	case out.CanUint() && n >= 0 && !out.OverflowUint(uint64(n)):
		out.SetUint(uint64(n))
	default:
		return fmt.Errorf("%d is out of range", n)
	}
	return nil
}

func splitList(s string) []string {
	list := []string{}
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			list = append(list, item)
		}
	}
	return list
}

func kindName(v reflect.Value) string {
	switch v.Interface().(type) {
	case bool:
		return "true or false"
	case autoBool:
		return "true, false or auto"
	case []string, []SecretText:
		return "list of texts"
	case []netip.Prefix:
		return "list of networks, such as 10.0.0.0/8, or 10.0.0.5/32 for one address"
	default:
		return "text"
	}
}
