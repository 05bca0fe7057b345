// Copyright The adobetargetexporter Authors
// SPDX-License-Identifier: Apache-2.0

package manifests // import "github.com/otelcol-adobetarget/adobetargetexporter/test/manifests"

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	apps "k8s.io/api/apps/v1"
	core "k8s.io/api/core/v1"
	policy "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"
)

const name = "otelcol-adobetarget"

// collector is what the tests look at in the configuration of a pod.
type collector struct {
	Extensions map[string]struct {
		HTTP                struct{ Endpoint string }
		Filename, Directory string
	}
	Receivers map[string]struct {
		Protocols map[string]struct{ Endpoint string }
	}
	Exporters struct {
		LoadBalancing struct {
			Resolver struct{ Static struct{ Hostnames []string } }
		} `json:"load_balancing"`
		AdobeTarget struct {
			Quota struct{ Calls, Instances int }
		} `json:"adobe_target"`
	}
	Service struct {
		Telemetry struct {
			Metrics struct {
				Readers []struct {
					Pull struct {
						Exporter struct{ Prometheus struct{ Port int } }
					}
				}
			}
		}
	}
}

// deployment are the objects, and the one pod and configuration in them.
type deployment struct {
	objects   map[string]meta.Object
	set       *apps.StatefulSet
	container core.Container
	config    collector
}

func readDeployment(t *testing.T) deployment {
	t.Helper()
	d := deployment{objects: plain(t)}
	d.set = one[*apps.StatefulSet](t, d, name)
	require.Len(t, d.set.Spec.Template.Spec.Containers, 1)
	d.container = d.set.Spec.Template.Spec.Containers[0]
	require.NoError(t, yaml.Unmarshal([]byte(one[*core.ConfigMap](t, d, name+"-statefulset").Data["relay"]), &d.config))
	return d
}

// one returns the object of a type that has a name.
func one[T meta.Object](t *testing.T, d deployment, name string) T {
	t.Helper()
	for _, object := range d.objects {
		if typed, is := object.(T); is && object.GetName() == name {
			return typed
		}
	}
	require.Fail(t, "there is no such object", "%T %s", *new(T), name)
	return *new(T)
}

// ports returns those that the collector listens on.
func (c collector) ports(t *testing.T) (ports []int32) {
	t.Helper()
	var endpoints []string
	for _, receiver := range c.Receivers {
		for _, protocol := range receiver.Protocols {
			endpoints = append(endpoints, protocol.Endpoint)
		}
	}
	for _, reader := range c.Service.Telemetry.Metrics.Readers {
		endpoints = append(endpoints, fmt.Sprintf(":%d", reader.Pull.Exporter.Prometheus.Port))
	}
	for _, endpoint := range endpoints {
		ports = append(ports, portOf(t, endpoint))
	}
	return ports
}

func portOf(t *testing.T, endpoint string) int32 {
	t.Helper()
	_, text, _ := strings.Cut(endpoint, ":")
	port, err := strconv.ParseInt(text, 10, 32)
	require.NoError(t, err, endpoint)
	return int32(port)
}

func TestEveryPortLeadsToOneThatTheCollectorListensOn(t *testing.T) {
	d := readDeployment(t)
	var ports []int32
	for _, port := range d.container.Ports {
		ports = append(ports, port.ContainerPort)
	}
	assert.ElementsMatch(t, d.config.ports(t), ports)
	for _, service := range []string{name, name + "-otlp"} {
		s := one[*core.Service](t, d, service)
		assert.Subset(t, d.set.Spec.Template.Labels, s.Spec.Selector, service)
		for _, port := range s.Spec.Ports {
			at := slices.IndexFunc(d.container.Ports, func(p core.ContainerPort) bool { return p.Name == port.Name })
			require.GreaterOrEqual(t, at, 0, "%s of %s", port.Name, service)
			assert.Equal(t, d.container.Ports[at].ContainerPort, port.TargetPort.IntVal, port.Name)
		}
	}
}

func TestTheProbesAskTheHealthCheckAndBearAShutdown(t *testing.T) {
	d := readDeployment(t)
	health := portOf(t, d.config.Extensions["healthcheckv2"].HTTP.Endpoint)
	for kind, probe := range map[string]*core.Probe{
		"startup": d.container.StartupProbe, "liveness": d.container.LivenessProbe, "readiness": d.container.ReadinessProbe,
	} {
		require.NotNil(t, probe, kind)
		require.NotNil(t, probe.HTTPGet, kind)
		assert.Equal(t, health, probe.HTTPGet.Port.IntVal, kind)
		assert.Equal(t, "/status", probe.HTTPGet.Path, kind)
	}
	const longestEnd = 30 + 10 + 1 // drain_timeout, timeout and a second: docs/service.md
	grace := *d.set.Spec.Template.Spec.TerminationGracePeriodSeconds
	assert.Greater(t, grace, int64(longestEnd))
	alive := d.container.LivenessProbe
	assert.GreaterOrEqual(t, int64(alive.PeriodSeconds*alive.FailureThreshold), grace, "it answers 503 while it ends")
}

func TestTheStateIsOnAVolumeOfThePodAndTheTokenInASecret(t *testing.T) {
	d := readDeployment(t)
	mounted := map[string]string{}
	for _, mount := range d.container.VolumeMounts {
		mounted[mount.Name] = mount.MountPath + "/"
	}
	var claims, volumes []string
	for _, claim := range d.set.Spec.VolumeClaimTemplates {
		claims = append(claims, claim.Name)
	}
	for _, volume := range d.set.Spec.Template.Spec.Volumes {
		volumes = append(volumes, volume.Name)
		if volume.Secret != nil {
			require.Len(t, volume.Secret.Items, 1)
			assert.Equal(t, d.config.Extensions["bearertokenauth"].Filename, mounted[volume.Name]+volume.Secret.Items[0].Path)
		}
		if volume.ConfigMap != nil {
			assert.NotNil(t, one[*core.ConfigMap](t, d, volume.ConfigMap.Name))
			require.Len(t, volume.ConfigMap.Items, 1)
			assert.Equal(t, "relay", volume.ConfigMap.Items[0].Key)
			assert.Equal(t, []string{"--config=" + mounted[volume.Name] + volume.ConfigMap.Items[0].Path}, d.container.Args)
		}
	}
	assert.Equal(t, []string{"state"}, claims)
	for mount := range mounted {
		assert.Contains(t, append(claims, volumes...), mount)
	}
	for _, storage := range []string{"file_storage/queue", "file_storage/quota"} {
		assert.True(t, strings.HasPrefix(d.config.Extensions[storage].Directory, mounted["state"]), storage)
	}
	kept := d.set.Spec.PersistentVolumeClaimRetentionPolicy
	assert.Equal(t, apps.RetainPersistentVolumeClaimRetentionPolicyType, kept.WhenDeleted)
	assert.Equal(t, apps.RetainPersistentVolumeClaimRetentionPolicyType, kept.WhenScaled)
}

func TestEveryReplicaIsAnOwnerWithItsShare(t *testing.T) {
	d := readDeployment(t)
	replicas := int(*d.set.Spec.Replicas)
	headless := one[*core.Service](t, d, d.set.Spec.ServiceName)
	assert.Equal(t, core.ClusterIPNone, headless.Spec.ClusterIP)
	owner := portOf(t, d.config.Receivers["otlp/owner"].Protocols["grpc"].Endpoint)
	var names []string
	for i := range replicas {
		names = append(names, fmt.Sprintf("%s-%d.%s:%d", d.set.Name, i, headless.Name, owner))
	}
	assert.Equal(t, names, d.config.Exporters.LoadBalancing.Resolver.Static.Hostnames)
	assert.Equal(t, 1_000_000, d.config.Exporters.AdobeTarget.Quota.Calls, "of the account")
	assert.Equal(t, replicas, d.config.Exporters.AdobeTarget.Quota.Instances)
}

func TestThePodsAreRestrictedAndBounded(t *testing.T) {
	d := readDeployment(t)
	pod, container := d.set.Spec.Template.Spec.SecurityContext, d.container.SecurityContext
	assert.True(t, *pod.RunAsNonRoot)
	assert.Equal(t, []int64{10001, 10001, 10001}, []int64{*pod.RunAsUser, *pod.RunAsGroup, *pod.FSGroup}, "the image's user")
	assert.Equal(t, core.SeccompProfileTypeRuntimeDefault, pod.SeccompProfile.Type)
	assert.False(t, *container.AllowPrivilegeEscalation)
	assert.True(t, *container.ReadOnlyRootFilesystem)
	assert.Equal(t, &core.Capabilities{Drop: []core.Capability{"ALL"}}, container.Capabilities)
	assert.False(t, *d.set.Spec.Template.Spec.AutomountServiceAccountToken)

	at := slices.IndexFunc(d.container.Env, func(v core.EnvVar) bool { return v.Name == "GOMEMLIMIT" })
	require.GreaterOrEqual(t, at, 0)
	goes := resource.MustParse(strings.TrimSuffix(d.container.Env[at].Value, "B"))
	assert.InEpsilon(t, 0.8, float64(goes.Value())/float64(d.container.Resources.Limits.Memory().Value()), 0.01)
}

func TestWhatChoosesPodsAndServicesChoosesThem(t *testing.T) {
	d := readDeployment(t)
	chosen := func(selector *meta.LabelSelector, labels map[string]string, what string) {
		s, err := meta.LabelSelectorAsSelector(selector)
		require.NoError(t, err, what)
		assert.False(t, s.Empty(), what)
		assert.Subset(t, labels, selector.MatchLabels, what)
	}
	pod := d.set.Spec.Template
	chosen(d.set.Spec.Selector, pod.Labels, "the StatefulSet")
	chosen(one[*policy.PodDisruptionBudget](t, d, name).Spec.Selector, pod.Labels, "the budget")
	apart := pod.Spec.Affinity.PodAntiAffinity.PreferredDuringSchedulingIgnoredDuringExecution
	require.Len(t, apart, 1)
	chosen(apart[0].PodAffinityTerm.LabelSelector, pod.Labels, "the affinity")
	require.Len(t, pod.Spec.TopologySpreadConstraints, 1)
	chosen(pod.Spec.TopologySpreadConstraints[0].LabelSelector, pod.Labels, "the spread")

	monitor := one[*monitoring.ServiceMonitor](t, d, name)
	service := one[*core.Service](t, d, name)
	chosen(&monitor.Spec.Selector, service.Labels, "the monitor")
	require.Len(t, monitor.Spec.Endpoints, 1)
	assert.True(t, slices.ContainsFunc(service.Spec.Ports, func(p core.ServicePort) bool { return p.Name == monitor.Spec.Endpoints[0].Port }))
	assert.NotSubset(t, one[*core.Service](t, d, name+"-otlp").Labels, monitor.Spec.Selector.MatchLabels, "or each pod is scraped twice")
}

func TestTheImageIsThatOfTheVersion(t *testing.T) {
	var manifest struct {
		Dist struct{ Version string }
	}
	require.NoError(t, yaml.Unmarshal([]byte(read(t, "../../builder-config.yaml")), &manifest))
	assert.Equal(t, "ghcr.io/otelcol-adobetarget/otelcol-adobetarget:"+manifest.Dist.Version, readDeployment(t).container.Image)
}
