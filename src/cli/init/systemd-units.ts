import { DEFAULT_DATA_FOLDER, type ClusterLayout, type PlannedSite } from './cluster-layout.js';

/** systemd's unit of one site. */
export function siteUnit(layout: ClusterLayout, { site, displayName }: PlannedSite): string {
  const { configFolder } = layout;
  return `[Unit]
Description=Quorate site ${site} (${displayName})
Wants=network-online.target
After=network-online.target quorate-etcd.service

[Service]
ExecStart=/usr/bin/env quorate site --config ${configFolder}/${site}.toml
# It hands its files over to the other sites before it ends.
TimeoutStopSec=30
${common(layout)}`;
}

/** systemd's unit of one site's member of etcd. */
export function etcdUnit(layout: ClusterLayout, { site, displayName }: PlannedSite): string {
  return `[Unit]
Description=etcd for the Quorate site ${site} (${displayName})
Wants=network-online.target
After=network-online.target

[Service]
Type=notify
ExecStart=/usr/bin/env etcd --config-file ${layout.configFolder}/etcd.yaml
TimeoutStartSec=infinity
${common(layout)}`;
}

function common({ dataFolder, configFolder }: ClusterLayout): string {
  const isDefault = dataFolder === DEFAULT_DATA_FOLDER;
  return `Restart=always
RestartSec=1
User=quorate
Group=quorate
UMask=0077
LimitNOFILE=65536
${isDefault ? 'StateDirectory=quorate' : `ReadWritePaths=${dataFolder}`}
ReadOnlyPaths=${configFolder}

# Nothing else of the machine is needed. (No MemoryDenyWriteExecute: JavaScript is compiled.)
CapabilityBoundingSet=
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectHostname=yes
ProtectControlGroups=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
LockPersonality=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`;
}
