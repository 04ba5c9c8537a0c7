"""The manifests fit the services they run: whole, hardened, and with settings, ports and probes that are real."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.notifier.configuration import load
from tests.unit.deploy.deployed import DEPLOY, HTTP_PORT, documents, service_of, variables

FOLDER = DEPLOY / "k8s"
KUSTOMIZATIONS = sorted(FOLDER.rglob("kustomization.yaml"))
MANIFESTS = [
    each
    for path in sorted(FOLDER.glob("base/*/*.yaml"))
    if path.name != "kustomization.yaml"
    for each in documents(path)
]
WORKLOADS = [each for each in MANIFESTS if each.get("kind") in ("Deployment", "StatefulSet", "Job")]
SERVING = [each for each in WORKLOADS if each["kind"] != "Job"]
RENDERER = next(
    (found.split() for found in ("kustomize build", "kubectl kustomize") if shutil.which(found.split()[0])), None
)


def _name(manifest: dict[str, Any]) -> str:
    return str(manifest["metadata"]["name"])


def _pod(workload: dict[str, Any]) -> dict[str, Any]:
    pod: dict[str, Any] = workload["spec"]["template"]["spec"]
    return pod


def _container(workload: dict[str, Any]) -> dict[str, Any]:
    [container] = _pod(workload)["containers"]
    return dict(container)


def _generated(path: Path) -> dict[str, list[str]]:
    """{ConfigMap: variables} of a kustomization."""
    [kustomization] = documents(path)
    return {
        each["name"]: [literal.split("=")[0] for literal in each.get("literals", ())]
        for each in kustomization.get("configMapGenerator", ())
    }


CONFIG_MAPS = {name: keys for path in KUSTOMIZATIONS if "base" in path.parts for name, keys in _generated(path).items()}


def _listed(path: Path) -> list[Path]:
    [kustomization] = documents(path)
    generated = [file for each in kustomization.get("configMapGenerator", ()) for file in each.get("files", ())]
    names = [*kustomization.get("resources", ()), *kustomization.get("components", ()), *generated]
    return [path.parent / name for name in names]


@pytest.mark.parametrize("path", KUSTOMIZATIONS, ids=lambda path: str(path.relative_to(FOLDER).parent))
def test_what_a_kustomization_lists_is_there_and_what_is_there_is_listed(path: Path) -> None:
    listed = {each.resolve() for each in _listed(path)}

    assert all(each.is_file() or (each / "kustomization.yaml").is_file() for each in listed)
    assert {each.resolve() for each in path.parent.glob("*.yaml")} - {path.resolve()} <= listed


@pytest.mark.parametrize("workload", WORKLOADS, ids=_name)
def test_every_variable_is_one_the_service_reads(workload: dict[str, Any]) -> None:
    container = _container(workload)
    known = variables(service_of(container["args"]))
    maps = [each["configMapRef"]["name"] for each in container["envFrom"] if "configMapRef" in each]
    given = {each["name"] for each in container.get("env", ())} | {key for each in maps for key in CONFIG_MAPS[each]}

    # What all share need not concern each: WARNING_CLOCK is nothing to the notifier.
    assert given - known <= set(CONFIG_MAPS["bellwether-config"])
    assert set(CONFIG_MAPS["bellwether-config"]) <= variables("ingest") | variables("warning")


@pytest.mark.parametrize("path", [each for each in KUSTOMIZATIONS if "overlays" in each.parts], ids=str)
def test_what_an_overlay_merges_is_read_too(path: Path) -> None:
    given = {key for keys in _generated(path).values() for key in keys}

    assert set(_generated(path)) <= set(CONFIG_MAPS)
    assert given <= variables("ingest") | variables("warning") | variables("notifier")


@pytest.mark.parametrize("workload", SERVING, ids=_name)
def test_probes_ask_the_port_and_the_paths_the_service_answers(workload: dict[str, Any]) -> None:
    container = _container(workload)
    [port] = container["ports"]
    paths = {probe: container[probe]["httpGet"] for probe in ("livenessProbe", "readinessProbe", "startupProbe")}

    assert port == {"name": "http", "containerPort": HTTP_PORT}
    assert {probe: each["path"] for probe, each in paths.items()} == {
        "livenessProbe": "/healthz",
        "readinessProbe": "/readyz?exclude=progress",
        "startupProbe": "/healthz",
    }
    assert all(each["port"] == "http" for each in paths.values())


@pytest.mark.parametrize("workload", WORKLOADS, ids=_name)
def test_a_pod_is_not_root_and_writes_nothing(workload: dict[str, Any]) -> None:
    pod, container = _pod(workload), _container(workload)

    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("workload", WORKLOADS, ids=_name)
def test_every_volume_is_mounted_and_every_mount_is_a_volume(workload: dict[str, Any]) -> None:
    mounted = {each["name"] for each in _container(workload).get("volumeMounts", ())}

    assert mounted == {each["name"] for each in _pod(workload).get("volumes", ())}


@pytest.mark.parametrize("workload", SERVING, ids=_name)
def test_services_and_budgets_select_the_pods(workload: dict[str, Any]) -> None:
    labels = workload["spec"]["template"]["metadata"]["labels"]
    assert workload["spec"]["selector"]["matchLabels"] == labels

    kinds = {each["kind"] for each in MANIFESTS if _selector(each) == labels}
    assert {"Service", "PodDisruptionBudget"} <= kinds


def _selector(manifest: dict[str, Any]) -> dict[str, str]:
    selector: dict[str, Any] = manifest["spec"].get("selector", {}) if "spec" in manifest else {}
    return dict(selector.get("matchLabels", selector))


def test_a_replica_of_the_warning_service_keeps_its_name_and_its_cache_fits() -> None:
    [warning] = [each for each in SERVING if _name(each) == "warning"]
    [name] = [each for each in _container(warning)["env"] if each["name"] == "WARNING_GROUP_INSTANCE_ID"]

    assert warning["kind"] == "StatefulSet"
    assert name["valueFrom"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    assert _container(warning)["resources"]["limits"]["memory"] == "2Gi"


def test_acknowledgement_links_are_all_that_is_let_in_from_outside() -> None:
    every = [each for path in sorted(FOLDER.rglob("*.yaml")) for each in documents(path)]
    [ingress] = [each for each in every if each.get("kind") == "Ingress"]
    [rule] = ingress["spec"]["rules"]

    assert {each["spec"].get("type") for each in every if each.get("kind") == "Service"} == {None}, "inside alone"
    assert [(each["path"], each["backend"]["service"]["name"]) for each in rule["http"]["paths"]] == [
        ("/v1/acknowledge/", "notifier")
    ]
    [overlay] = documents(FOLDER / "overlays" / "prod" / "kustomization.yaml")
    links = load(FOLDER / "overlays" / "prod" / "notifier.yaml", without_secrets=True).acknowledgement_links
    assert links is not None
    hosts = {each["value"] for patch in overlay["patches"] for each in yaml.safe_load(patch["patch"])}
    assert {f"https://{host}" for host in hosts} == {links.base_url}


def test_the_receivers_are_ones_the_notifier_can_read() -> None:
    for path in (*FOLDER.rglob("notifier.yaml"), DEPLOY / "compose" / "notifier.yaml"):
        load(path, without_secrets=True)


@pytest.mark.skipif(RENDERER is None, reason="neither kustomize nor kubectl is here")
@pytest.mark.parametrize("overlay", ["dev", "prod"])
def test_each_overlay_renders(overlay: str) -> None:
    assert RENDERER is not None
    rendered = subprocess.run([*RENDERER, str(FOLDER / "overlays" / overlay)], capture_output=True, check=False)

    assert (rendered.returncode, rendered.stderr) == (0, b"")
