export const usage = `agent-mesh-relay: carries sealed packets between agents and can read none of them

usage: agent-mesh-relay --listen HOST:PORT --registry URL [options]
       agent-mesh-relay [--listen HOST:PORT] FILE.toml [options]

Whom it lets in, one of two:
  --registry URL       agents with an admission signed by this registry. The relay fetches the
                       registry's key and verifies admissions alone. It does not follow the
                       registry's feed yet: a revocation or a change of groups arrives here with
                       the agent's next admission, an hour later at most
  FILE.toml            the agents listed in it, as one group, without a registry:
                         [[agents]]
                         id = "43 characters"
                       also listen, registry, public_url, ready_file and log_level

  --listen HOST:PORT   default 127.0.0.1:8081; port 0 takes a free one
  --config FILE        the same as naming the file
  --public-url URL     how agents reach this relay; repeatable. Needed unless it listens on
                       loopback. For wss, put a proxy that speaks TLS in front
  --insecure-http      let logins travel over plain ws beyond this machine
  --ready-file FILE    written with the base URL when it serves
  --log-level LEVEL    error, warn, info (default) or debug
  --version, --help

Options are also read from MESH_LISTEN, MESH_REGISTRY, MESH_PUBLIC_URL (comma-separated) and so on;
--config from MESH_RELAY_CONFIG. Exit codes: 0 stopped, 1 internal, 2 usage, 3 configuration.
`
