package temporalopts

import (
	"cmp"
	"os"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/contrib/envconfig"
)

// DefaultAddress is where tablehaul-standalone and Temporal's own development server listen.
const DefaultAddress = "127.0.0.1:7233"

// FromEnv are the options of Temporal's own conventions: TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TLS,
// API key, temporal.toml; [DefaultAddress] and the default namespace where they say nothing.
func FromEnv(getenv func(string) string) (client.Options, error) {
	opts, err := envconfig.LoadClientOptions(envconfig.LoadClientOptionsRequest{EnvLookup: lookup(getenv)})
	if err != nil {
		return opts, err
	}
	opts.HostPort = cmp.Or(opts.HostPort, DefaultAddress)
	opts.Namespace = cmp.Or(opts.Namespace, client.DefaultNamespace)
	return uncompressed(opts), nil
}

// At are the options of a server that needs no others than its address.
func At(address string) client.Options {
	return uncompressed(client.Options{HostPort: address, Namespace: client.DefaultNamespace})
}

// uncompressed are opts without gzip, the SDK's default: a step's requests are some kilobytes,
// and compressing them took a good part of the processor's time that a step costs.
func uncompressed(opts client.Options) client.Options {
	opts.ConnectionOptions.GrpcCompression = &client.GrpcCompressionNone{}
	return opts
}

// lookup adapts getenv to envconfig's interface.
type lookup func(string) string

// LookupEnv reports an empty variable as absent, as a shell's user means it.
func (f lookup) LookupEnv(name string) (string, bool) {
	v := f(name)
	return v, v != ""
}

// Environ is the whole environment, for settings by prefix such as TEMPORAL_GRPC_META_….
func (f lookup) Environ() []string { return os.Environ() }
