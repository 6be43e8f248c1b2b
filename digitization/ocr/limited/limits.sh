# Sourced by the launchers beside it: each runs one program of the same name under limits.
# The libraries that start these programs (pytesseract, pdf2image) have no place for limits, but
# both let the caller choose the program. `exec` keeps the process id, so that their kill on
# timeout reaches the real program and leaves no orphan.
ulimit -v "${OCR_CHILD_MEMORY_KB:-2097152}"
ulimit -t "${OCR_CHILD_CPU_SECONDS:-120}"
ulimit -f "${OCR_CHILD_FILE_BLOCKS:-2097152}"
ulimit -c 0
OMP_THREAD_LIMIT=1
export OMP_THREAD_LIMIT

# The program learns nothing from the environment but what it needs to run: no keys, no passwords.
run() {
    exec env -i PATH="$PATH" LC_ALL=C.UTF-8 OMP_THREAD_LIMIT=1 TMPDIR="${TMPDIR:-/tmp}" \
        ${TESSDATA_PREFIX:+TESSDATA_PREFIX="$TESSDATA_PREFIX"} "$@"
}
