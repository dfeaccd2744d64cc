import type { ClusterLayout, PlannedSite } from './cluster-layout.js';

export const ETCD_IMAGE = 'quay.io/coreos/etcd:v3.5.21';

/** For docker compose: one site and its member of etcd, on the network of the machine. */
export function composeFile(layout: ClusterLayout, { site }: PlannedSite, version: string): string {
  const { configFolder, dataFolder } = layout;
  return `# Run it in the folder that holds ${site}.toml: docker compose up -d
# The image quorate:${version} is made with deploy/Dockerfile.
services:
  etcd:
    image: ${ETCD_IMAGE}
    command: ["etcd", "--config-file", "${configFolder}/etcd.yaml"]
    network_mode: host
    restart: always
    volumes:
      - ./:${configFolder}:ro
      - ${dataFolder}:${dataFolder}
  site:
    image: quorate:${version}
    command: ["site", "--config", "${configFolder}/${site}.toml"]
    network_mode: host
    restart: always
    stop_grace_period: 30s
    init: true
    read_only: true
    cap_drop: [ALL]
    security_opt: ["no-new-privileges:true"]
    ulimits:
      nofile: 65536
    # Who owns the files here and ${dataFolder}.
    user: "\${QUORATE_USER:?say QUORATE_USER=$$(id -u):$$(id -g)}"
    tmpfs: [/tmp]
    volumes:
      - ./:${configFolder}:ro
      - ${dataFolder}:${dataFolder}
`;
}
