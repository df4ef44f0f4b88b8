"""Holds every file of deploy/kubernetes against the API's own schemas, strictly, and looks whether they fit together.

Prints the number of kustomizations and of objects. Without kustomize: each object is whole in its file, and what an overlay
changes are literals of a map and names of images."""

import sys
from pathlib import Path

import kubernetes_validate
import yaml

# The oldest version in which `preStop` can sleep by default, and the newest that the validator knows.
VERSIONS = ["1.30", kubernetes_validate.latest_version()]


def fail(file, what):
    sys.exit(f"{file}: {what}")


def pods(object):
    """The template of the pods that an object makes, if it makes any."""
    return object.get("spec", {}).get("template") if isinstance(object.get("spec"), dict) else None


def containers(template):
    return template["spec"].get("initContainers", []) + template["spec"]["containers"]


def check_object(file, object):
    for version in VERSIONS:
        try:
            kubernetes_validate.validate(object, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            path = "/".join(str(step) for step in error.path)
            fail(file, f"{object['kind']} {object['metadata']['name']}, Kubernetes {version}: {path}: {error.message}")
    template = pods(object)
    if template is None:
        return
    labels = template["metadata"]["labels"]
    wanted = object["spec"].get("selector", {}).get("matchLabels", {})
    if not wanted.items() <= labels.items():
        fail(file, f"{wanted} does not select its own pods: {labels}")
    if not template["spec"].get("securityContext", {}).get("runAsNonRoot"):
        fail(file, "its pods may run as root")
    for container in containers(template):
        if container.get("securityContext", {}).get("capabilities", {}).get("drop") != ["ALL"]:
            fail(file, f"{container['name']} keeps capabilities")
        if "memory" not in container.get("resources", {}).get("limits", {}):
            fail(file, f"{container['name']} has no bound on its memory")


def gather(directory):
    """All objects of a kustomization, and the names of the maps that it makes."""
    file = directory / "kustomization.yaml"
    kustomization = yaml.safe_load(file.read_text())
    objects, maps = [], {}
    listed = set()
    for resource in kustomization.get("resources", []):
        path = (directory / resource).resolve()
        if path.is_dir():
            below, made = gather(path)
            objects += below
            maps.update(made)
        elif path.is_file():
            listed.add(path)
            objects += [(path, object) for object in yaml.safe_load_all(path.read_text()) if object]
        else:
            fail(file, f"there is no {resource}")
    for path in directory.glob("*.yaml"):
        if path != file.resolve() and path.resolve() not in listed and path.name != "kustomization.yaml":
            fail(file, f"{path.name} is not among its resources")
    for generator in kustomization.get("configMapGenerator", []):
        merges = generator.get("behavior") == "merge"
        if merges != (generator["name"] in maps):
            fail(file, f"the map {generator['name']} is made twice, or is not there to be merged with")
        for literal in generator.get("literals", []):
            maps.setdefault(generator["name"], {}).update([literal.split("=", 1)])
        for name in generator.get("files", []):
            if not (directory / name).is_file():
                fail(file, f"there is no {name}")
            maps.setdefault(generator["name"], {})[name] = ""
    used = {c["image"].split(":")[0] for _, o in objects if pods(o) for c in containers(pods(o))}
    for image in kustomization.get("images", []):
        if image["name"] not in used:
            fail(file, f"nothing has the image {image['name']}")
    return objects, maps


def check_together(directory):
    objects, maps = gather(directory)
    templates = [pods(object) for _, object in objects if pods(object)]
    ports = lambda template: {p["name"] for c in containers(template) for p in c.get("ports", [])}
    names = [(object["kind"], object["metadata"]["name"]) for _, object in objects]
    if len(set(names)) != len(names):
        fail(directory, f"something is there twice: {names}")
    services = {object["metadata"]["name"] for _, object in objects if object["kind"] == "Service"}
    for file, object in objects:
        check_object(file, object)
        kind, spec = object["kind"], object.get("spec", {})
        selector = {
            "Service": lambda: spec.get("selector", {}),
            "PodDisruptionBudget": lambda: spec["selector"]["matchLabels"],
            "NetworkPolicy": lambda: spec["podSelector"]["matchLabels"],
        }.get(kind)
        if selector:
            chosen = [t for t in templates if selector().items() <= t["metadata"]["labels"].items()]
            if not chosen:
                fail(file, f"{kind} {object['metadata']['name']} selects no pod")
            if kind == "Service":
                for port in spec["ports"]:
                    if any(port["targetPort"] not in ports(template) for template in chosen):
                        fail(file, f"no port of its pods is called {port['targetPort']}")
        if kind == "StatefulSet" and spec["serviceName"] not in services:
            fail(file, f"there is no service {spec['serviceName']}")
    for template in templates:
        for container in containers(template):
            probes = [container.get(f"{kind}Probe", {}) for kind in ("startup", "liveness", "readiness")]
            for probe in probes:
                port = (probe.get("httpGet") or probe.get("tcpSocket") or {}).get("port")
                if port and port not in ports(template):
                    fail(directory, f"a probe of {container['name']} asks the port {port}, which it has not")
            known = {entry["name"] for entry in container.get("env", [])}
            for source in container.get("envFrom", []):
                if source["configMapRef"]["name"] not in maps:
                    fail(directory, f"there is no map {source['configMapRef']['name']}")
                known |= maps[source["configMapRef"]["name"]].keys()
            for word in container.get("args", []):
                for name in [part.split(")")[0] for part in word.split("$(")[1:]]:
                    if name not in known:
                        fail(directory, f"`{word}` asks for {name}, which {container['name']} does not have")
        for volume in template["spec"].get("volumes", []):
            name = volume.get("configMap", {}).get("name")
            if name and name not in maps:
                fail(directory, f"there is no map {name}")
    return len(objects)


root = Path(sys.argv[1])
places = sorted(file.parent for file in root.rglob("kustomization.yaml"))
print(len(places), sum(check_together(place) for place in places))
