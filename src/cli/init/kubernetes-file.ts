import type { ClusterLayout, PlannedSite } from './cluster-layout.js';
import { ETCD_IMAGE } from './container-files.js';

/**
 * One site and its member of etcd as a StatefulSet of one, in the Kubernetes cluster of its place.
 * All files of the site's folder are in one Secret; the Service is what the site's address leads to.
 */
export function kubernetesFile(
  layout: ClusterLayout,
  { site, host }: PlannedSite,
  version: string,
): string {
  const { ports, configFolder, dataFolder } = layout;
  const name = `quorate-${site}`;
  return `# Before: kubectl create secret generic ${name} --from-file=.   (in the folder that holds ${site}.toml)
# ${host} has to lead to the Service below, and the sites have to reach each other through it.
apiVersion: v1
kind: Service
metadata:
  name: ${name}
  labels: {app: ${name}}
spec:
  type: LoadBalancer
  # Who connects keeps its own address: members of etcd are known by it.
  externalTrafficPolicy: Local
  publishNotReadyAddresses: true
  selector: {app: ${name}}
  ports:
    - {name: https, port: ${ports.http}}
    - {name: s3, port: ${ports.s3}}
    - {name: peers, port: ${ports.peer}}
    - {name: etcd-clients, port: ${ports.etcdClient}}
    - {name: etcd-peers, port: ${ports.etcdPeer}}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: ${name}
  labels: {app: ${name}}
spec:
  replicas: 1
  serviceName: ${name}
  selector:
    matchLabels: {app: ${name}}
  template:
    metadata:
      labels: {app: ${name}}
    spec:
      terminationGracePeriodSeconds: 30
      automountServiceAccountToken: false
      securityContext:
        runAsUser: 10001
        runAsGroup: 10001
        fsGroup: 10001
        runAsNonRoot: true
        seccompProfile: {type: RuntimeDefault}
      containers:
        - name: etcd
          image: ${ETCD_IMAGE}
          command: ["etcd", "--config-file", "${configFolder}/etcd.yaml"]
          securityContext: &locked
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities: {drop: [ALL]}
          volumeMounts:
            - {name: config, mountPath: ${configFolder}, readOnly: true}
            - {name: data, mountPath: ${dataFolder}}
        - name: site
          image: quorate:${version}
          args: ["site", "--config", "${configFolder}/${site}.toml"]
          securityContext: *locked
          volumeMounts:
            - {name: config, mountPath: ${configFolder}, readOnly: true}
            - {name: data, mountPath: ${dataFolder}}
            - {name: tmp, mountPath: /tmp}
          readinessProbe:
            httpGet: {path: /v1/health/ready, port: ${ports.http}, scheme: HTTPS}
            periodSeconds: 5
          livenessProbe:
            httpGet: {path: /v1/health/live, port: ${ports.http}, scheme: HTTPS}
            periodSeconds: 10
            failureThreshold: 6
      volumes:
        - name: config
          secret: {secretName: ${name}, defaultMode: 0440}
        - name: tmp
          emptyDir: {}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec:
        accessModes: [ReadWriteOnce]
        resources: {requests: {storage: 100Gi}}
`;
}
