{{/* The name of everything: the release's, with the chart's name in it. Leaves room for suffixes. */}}
{{- define "slipway.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "slipway.account" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "slipway.name" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is needed where serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "slipway.lease" -}}
{{- printf "%s-controller" (include "slipway.name" .) -}}
{{- end -}}

{{- define "slipway.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "slipway.labels" -}}
{{ include "slipway.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end -}}

{{/* The rules of a part of files/rights.yaml, for the Lease of this release. */}}
{{- define "slipway.rules" -}}
{{- $rights := .root.Files.Get "files/rights.yaml" | fromYaml -}}
{{- $lease := include "slipway.lease" .root -}}
rules:
{{- range index $rights .part }}
  {{- $rule := . }}
  {{- if .resourceNames }}
    {{- $rule = set (deepCopy .) "resourceNames" (list $lease) }}
  {{- end }}
  - {{ toYaml $rule | nindent 4 | trim }}
{{- end }}
{{- end -}}

{{/* A role with the rules of a part and the account's binding to it; ClusterRole without a namespace. */}}
{{- define "slipway.grant" -}}
{{- $kind := ternary "Role" "ClusterRole" (ne .namespace "") -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels: {{- include "slipway.labels" .root | nindent 4 }}
{{ include "slipway.rules" . }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}Binding
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels: {{- include "slipway.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $kind }}
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ include "slipway.account" .root }}
    namespace: {{ .root.Release.Namespace }}
{{- end -}}
