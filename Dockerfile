# agent-mesh-server: relay, registry and web pages in one process, one SQLite file in /data.
#
#   docker build -t agent-mesh-server .
#   docker run -p 8080:8080 -v mesh:/data agent-mesh-server --public-url https://mesh.example.com

FROM node:24-bookworm AS build
WORKDIR /src
COPY . .
RUN npm run setup \
 && PATH="$(echo "$PWD"/.tools/pnpm-*/node_modules/.bin):$PATH" npm_config_nodedir=/usr/local \
    pnpm --filter @agent-mesh/server deploy --prod /app

FROM node:24-bookworm-slim
ENV NODE_ENV=production
COPY --from=build /app /app
RUN mkdir /data && chown node:node /data
USER node
WORKDIR /data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# An address other than loopback needs --public-url; without one the server refuses and says so.
ENTRYPOINT ["node", "/app/dist/bin.js", "--listen", "0.0.0.0:8080", "--db-path", "/data/mesh.db"]
