package postgres

// ChoosesHosts reports whether connections for a URL are made with some of its hosts only.
func ChoosesHosts(url string) (bool, error) {
	pc, err := poolConfig(Config{URL: url})
	return err == nil && pc.ConnConfig.ValidateConnect != nil, err
}
