/** Where root keeps what other users must reach, whatever the rights of the folders that we live in. */
export const SYSTEM_FOLDER = '/var/lib/ethhook-analytics';
