#!/bin/sh
# Installs the clients of others that profiles are compared with, each at the version that is written here and in a folder
# of its own, into ~/.cache/squall-third-party/clients or where SQUALL_THIRD_PARTY says. Needed once.
set -eu
home=${SQUALL_THIRD_PARTY:-${XDG_CACHE_HOME:-$HOME/.cache}/squall-third-party}/clients

node_client() {
  folder=$home/$1
  shift
  mkdir -p "$folder"
  npm install --prefix "$folder" --omit=dev --ignore-scripts --no-audit --no-fund --no-save --loglevel=error "$@"
}

node_client ai-sdk @ai-sdk/mcp@2.0.99
node_client langchain-js @langchain/mcp-adapters@1.1.4 @langchain/core@1.4.0 langchain@1.5.14
node_client mastra @mastra/mcp@2.0.0
node_client mcporter mcporter@0.12.3
node_client openai-agents-js @openai/agents@0.20.0 zod@4.6.7

if ! command -v python3 >/dev/null; then
  echo "there is no python3: the Python clients are left out" >&2
  exit
fi

python_client() {
  folder=$home/$1
  shift
  [ -x "$folder/bin/pip" ] || python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check "$@"
}

python_client autogen-python 'autogen-ext[mcp]==0.7.5' 'mcp==1.30.0'
python_client google-adk 'google-adk[mcp]==2.13.0'
python_client langchain-python langchain-mcp-adapters==0.3.2
python_client mcp-python mcp==1.29.1
python_client openai-agents-python openai-agents==0.24.0
python_client pydantic-ai 'pydantic-ai-slim[mcp]==2.68.0'
