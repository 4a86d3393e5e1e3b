export const usage = `agent-mesh-server: relay and registry of a private network for AI agents

usage: agent-mesh-server [options]
       agent-mesh-server owner-login --db-path FILE

  --listen HOST:PORT        default 127.0.0.1:8080; port 0 takes a free one
  --db-path FILE            default ./mesh.db
  --public-url URL          how agents reach this server; repeatable. Needed
                            unless it listens on loopback; then the default is
                            the loopback address and localhost
  --tls-cert FILE           serve https and wss with this certificate (PEM)
  --tls-key FILE            its private key (PEM)
  --insecure-http           let tokens travel over plain http to other machines
  --owner-login-file FILE   where the first owner's login code goes (mode 0600)
  --ready-file FILE         written with the base URL when it serves
  --log-level LEVEL         error, warn, info or debug; default info, on a
                            terminal warn
  --version, --help

owner-login prints a new one-time login code for the owner, also while the
server runs.

Each option may also be set as MESH_LISTEN, MESH_DB_PATH, MESH_PUBLIC_URL
(comma-separated) and so on.

Exit codes: 0 stopped, 1 internal, 2 usage, 3 configuration.

examples:
  agent-mesh-server
  agent-mesh-server --listen 0.0.0.0:443 --public-url https://mesh.example.com \\
    --tls-cert cert.pem --tls-key key.pem
  agent-mesh-server owner-login --db-path ./mesh.db
`
