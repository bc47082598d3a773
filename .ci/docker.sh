# For .ci/run: a Docker daemon, taken as it is found or started, and stopped again if it was started here. Where this
# machine cannot run one, CI_WITHOUT_DOCKER says why, and what needs it may be skipped; nothing else excuses a skip.
dockerd_pid=""
# Only what is tried here and printed is an excuse, not what somebody has set.
unset CI_WITHOUT_DOCKER

# Says which one; without a daemon the client fills the form with nothing, and says so only by its code.
docker_answers() {
  local which
  which="$(docker info --format 'daemon {{.ServerVersion}}, {{.Driver}}, cgroup v{{.CgroupVersion}}' 2>/dev/null)" && echo "$which"
}

start_docker() {
  local as_root="" waited
  [ "$(id -u)" = 0 ] || as_root="sudo"
  if ! docker_answers >/dev/null || ! command -v docker-compose >/dev/null || ! command -v busybox >/dev/null; then
    { $as_root apt-get update -qq && DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends \
      docker.io docker-compose cgroupfs-mount busybox-static >/dev/null; } || fail "docker cannot be installed"
  fi
  # testcontainers looks for another image where it thinks that it runs in a container.
  export TESTCONTAINERS_HOST_OVERRIDE=127.0.0.1
  if docker_answers; then return; fi

  if [ "$(id -u)" != 0 ]; then
    without_docker "no daemon answers, and only root can start one"
    return
  fi
  # Without them the daemon ends with "Devices cgroup isn't mounted".
  if [ ! -e /sys/fs/cgroup/devices ] && [ ! -e /sys/fs/cgroup/cgroup.controllers ]; then
    cgroupfs-mount || mount -t cgroup2 none /sys/fs/cgroup || true
  fi
  dockerd >"$tools/dockerd.log" 2>&1 &
  dockerd_pid=$!
  for waited in $(seq 150); do
    if docker_answers; then return; fi
    kill -0 "$dockerd_pid" 2>/dev/null || break
    sleep 0.2
  done
  tail -n 20 "$tools/dockerd.log"
  without_docker "dockerd does not come up here (its last lines are above)"
}

without_docker() {
  export CI_WITHOUT_DOCKER="$1"
  echo "without Docker: $1"
}

ours() {
  docker ps --all --filter label=org.squall.run --format '{{.Names}}'
  docker ps --all --filter label=com.docker.compose.project --format '{{.Names}}' | grep '^squall-test-'
}

stop_docker() {
  [ -n "$dockerd_pid" ] || return 0
  # shellcheck disable=SC2046
  set -- $(ours 2>/dev/null)
  [ $# = 0 ] || { echo "left behind by the tests: $*"; docker rm --force --volumes "$@" >/dev/null; }
  kill "$dockerd_pid" 2>/dev/null
  wait "$dockerd_pid" 2>/dev/null
}
