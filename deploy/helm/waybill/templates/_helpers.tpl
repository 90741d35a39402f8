{{- define "waybill.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "waybill.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "waybill.name" .) .Values.serviceAccount.name }}
{{- else }}{{ default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "waybill.image" -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}

{{- define "waybill.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{/* Of a dict of root and role. */}}
{{- define "waybill.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{ include "waybill.selector" .root }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- with .role }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{- define "waybill.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{- define "waybill.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{- define "waybill.clickhouseEnv" -}}
- name: CLICKHOUSE_URL
  valueFrom:
    secretKeyRef: { name: {{ .Values.clickhouse.secretName | quote }}, key: {{ .Values.clickhouse.secretKey | quote }} }
{{- with .Values.clickhouse.cluster }}
- { name: WAYBILL_CLICKHOUSE_CLUSTER, value: {{ . | quote }} }
{{- end }}
{{- end }}

{{/* The pod of a role: of a dict of root, role, values, and where there are any, env and ports. */}}
{{- define "waybill.pod" -}}
{{- $root := .root }}
{{- $values := $root.Values }}
{{- if and (not $values.tls.secretName) (not $values.behindProxy) }}
{{- fail "Keys and costs would be read on the way: name a Secret with a certificate (tls.secretName), or say behindProxy=true where a mesh or proxy does TLS." }}
{{- end }}
metadata:
  labels:
    {{- include "waybill.labels" (dict "root" $root "role" .role) | nindent 4 }}
    {{- with $values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    # A changed contract is taken up by new pods.
    checksum/contract: {{ sha256sum $values.contract }}
    {{- with $values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  serviceAccountName: {{ include "waybill.serviceAccount" $root }}
  automountServiceAccountToken: false
  # Else the Service of the API would be told to Waybill as WAYBILL_API_PORT, which is a setting of its own.
  enableServiceLinks: false
  terminationGracePeriodSeconds: 60
  {{- with $values.image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    {{- include "waybill.podSecurity" $root | nindent 4 }}
  containers:
    - name: waybill
      image: {{ include "waybill.image" $root }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      args: [serve]
      env:
        {{- include "waybill.clickhouseEnv" $root | nindent 8 }}
        - { name: WAYBILL_ROLE, value: {{ .role }} }
        - { name: WAYBILL_HOST, value: 0.0.0.0 }
        # Until endpoints know that it is about to stop.
        - { name: WAYBILL_DRAIN, value: 10s }
        {{- if $values.tls.secretName }}
        - { name: WAYBILL_TLS_CERT, value: /etc/waybill-tls/tls.crt }
        - { name: WAYBILL_TLS_KEY, value: /etc/waybill-tls/tls.key }
        {{- else }}
        - { name: WAYBILL_BEHIND_PROXY, value: 'yes' }
        {{- end }}
        {{- if $values.contract }}
        - { name: WAYBILL_CONTRACT, value: /etc/waybill/waybill.yaml }
        {{- end }}
        {{- with .env }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
        {{- range $name, $value := $values.env }}
        - { name: {{ $name }}, value: {{ $value | quote }} }
        {{- end }}
      {{- with $values.envFromSecrets }}
      envFrom:
        {{- range . }}
        - secretRef: { name: {{ . | quote }} }
        {{- end }}
      {{- end }}
      ports:
        {{- range $name, $port := .ports }}
        - { name: {{ $name }}, containerPort: {{ $port }} }
        {{- end }}
        - { name: api, containerPort: 4319 }
      {{- $scheme := ternary "HTTPS" "HTTP" (ne $values.tls.secretName "") }}
      startupProbe:
        httpGet: { path: /healthz, port: api, scheme: {{ $scheme }} }
        periodSeconds: 2
        failureThreshold: 60
      livenessProbe:
        httpGet: { path: /healthz, port: api, scheme: {{ $scheme }} }
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 6
      readinessProbe:
        httpGet: { path: /readyz, port: api, scheme: {{ $scheme }} }
        periodSeconds: 5
        timeoutSeconds: 3
      resources:
        {{- toYaml .values.resources | nindent 8 }}
      securityContext:
        {{- include "waybill.containerSecurity" $root | nindent 8 }}
      volumeMounts:
        - { name: tmp, mountPath: /tmp }
        {{- if $values.contract }}
        - { name: contract, mountPath: /etc/waybill, readOnly: true }
        {{- end }}
        {{- if $values.tls.secretName }}
        - { name: tls, mountPath: /etc/waybill-tls, readOnly: true }
        {{- end }}
  volumes:
    - name: tmp
      emptyDir: { sizeLimit: 64Mi }
    {{- if $values.contract }}
    - name: contract
      configMap: { name: {{ include "waybill.name" $root }}-contract }
    {{- end }}
    {{- with $values.tls.secretName }}
    - name: tls
      secret: { secretName: {{ . | quote }} }
    {{- end }}
  {{- with $values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  topologySpreadConstraints:
    - maxSkew: 1
      topologyKey: kubernetes.io/hostname
      whenUnsatisfiable: ScheduleAnyway
      labelSelector:
        matchLabels:
          {{- include "waybill.selector" $root | nindent 10 }}
          app.kubernetes.io/component: {{ .role }}
{{- end }}

{{/* The Service of a role: of a dict of root, role, values and ports. */}}
{{- define "waybill.service" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "waybill.name" .root }}-{{ .role }}
  labels:
    {{- include "waybill.labels" (dict "root" .root "role" .role) | nindent 4 }}
  {{- with .values.service.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  type: {{ .values.service.type }}
  {{- with .affinity }}
  sessionAffinity: {{ . }}
  {{- end }}
  selector:
    {{- include "waybill.selector" .root | nindent 4 }}
    app.kubernetes.io/component: {{ .role }}
  ports:
    {{- range $name, $port := .ports }}
    - { name: {{ $name }}, port: {{ $port }}, targetPort: {{ $name }} }
    {{- end }}
{{- end }}
