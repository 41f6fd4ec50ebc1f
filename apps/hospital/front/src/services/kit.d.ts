// SPDX-License-Identifier: MIT
// kit: what these pages take of the modules that all pages share.

declare module '@kit/js/api.js' {
  export class ApiError extends Error {
    status: number;
    field: string;
    constructor(status: number, message: string, field?: string);
  }
  export function apiCarries(give: () => Record<string, string>): void;
  export function apiGet(path: string, query?: object): Promise<any>;
  export function apiPost(path: string, body: unknown, more?: Record<string, string>): Promise<any>;
  export function apiSend(method: string, path: string, body: unknown, more?: Record<string, string>): Promise<any>;
}

declare module '@kit/js/tab_lock.js' {
  export function tabLock<T>(name: string, task: () => Promise<T>): Promise<T>;
}
