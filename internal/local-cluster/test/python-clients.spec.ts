import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TestCluster } from './api-client.ts'

const run = promisify(execFile)

/** Undefined when there is no Python with a pip that gets the clients: then the tests are skipped, with words. */
const python = await (async (): Promise<{ folder: string; program: string } | undefined> => {
  const folder = await mkdtemp(join(tmpdir(), 'python-clients-'))
  const program = join(folder, 'bin', 'python')
  try {
    execFileSync('python3', ['-m', 'venv', folder], { stdio: 'ignore' })
    await run(program, [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--disable-pip-version-check',
      'kubernetes==37.0.2',
      'kr8s==0.20.15',
    ])
    return { folder, program }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    const [why] = String((error as { stderr?: string }).stderr || error).split('\n')
    process.stderr.write(`SKIPPED: the tests with Python's clients, since they cannot be installed: ${why}\n`)
    return undefined
  }
})()

/** Creates a Job, watches it to its end, reads a log and deletes it. Prints what it saw. */
const KUBERNETES = `
from kubernetes import client, config, watch
config.load_kube_config()
print(client.VersionApi().get_code().minor)
batch, core = client.BatchV1Api(), client.CoreV1Api()
container = client.V1Container(name="main", image="greeter:1", args=["kubernetes"])
template = client.V1PodTemplateSpec(spec=client.V1PodSpec(restart_policy="Never", containers=[container]))
job = client.V1Job(metadata=client.V1ObjectMeta(name="by-kubernetes"), spec=client.V1JobSpec(template=template))
made = batch.create_namespaced_job("default", job)
for event in watch.Watch().stream(batch.list_namespaced_job, "default", field_selector="metadata.name=by-kubernetes", timeout_seconds=60):
    if event["object"].status.completion_time:
        print(event["object"].status.succeeded)
        break
pods = core.list_namespaced_pod("default", label_selector="job-name=by-kubernetes").items
print(core.read_namespaced_pod_log(pods[0].metadata.name, "default").strip())
print(core.list_node().items[0].metadata.name)
batch.delete_namespaced_job("by-kubernetes", "default", propagation_policy="Background")
print(len(core.list_namespaced_pod("default", label_selector="job-name=by-kubernetes").items))
`

const KR8S = `
import kr8s
from kr8s.objects import Job
api = kr8s.api()
print(api.version()["minor"])
job = Job({
    "metadata": {"name": "by-kr8s"},
    "spec": {"template": {"spec": {"restartPolicy": "Never", "containers": [{"name": "main", "image": "greeter:1", "args": ["kr8s"]}]}}},
})
job.create()
job.wait("condition=Complete", timeout=60)
print(job.status.succeeded)
for line in list(kr8s.get("pods", namespace="default", label_selector={"job-name": "by-kr8s"}))[0].logs():
    print(line)
print([node.name for node in kr8s.get("nodes")][0])
job.delete(propagation_policy="Background")
job.wait("delete", timeout=60)
print(job.exists())
`

describe.skipIf(python === undefined)("Python's clients", () => {
  let cluster: TestCluster
  beforeAll(async () => {
    cluster = await TestCluster.start({ images: { 'greeter:1': ['echo', 'hello from'] } })
  })
  afterAll(async () => {
    await cluster[Symbol.asyncDispose]()
    if (python) await rm(python.folder, { recursive: true, force: true })
  })

  const said = async (program: string): Promise<string[]> => {
    const env = { ...process.env, HOME: python?.folder ?? '', KUBECONFIG: cluster.cluster.kubeconfigPath }
    const { stdout } = await run(python?.program ?? '', ['-c', program], { env })
    return stdout.trim().split('\n')
  }

  it('kubernetes: creates, watches, reads the log of and deletes a Job', async () => {
    expect(await said(KUBERNETES)).toEqual(['34', '1', 'hello from kubernetes', 'local', '0'])
  })

  it('kr8s: creates, waits for, reads the log of and deletes a Job', async () => {
    expect(await said(KR8S)).toEqual(['34', '1', 'hello from kr8s', 'local', 'False'])
  })
})
